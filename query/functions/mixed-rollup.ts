import { MixingNotes } from '../evaluate/mixing.ts'
import { thinned } from '../evaluate/select.ts'
import { type Histograms, type MixedColumn, type Samples, setElement } from '../evaluate/values.ts'
import type { FunctionCall } from './function.ts'
import type { MixedRollup } from './native-windows.ts'
import type { RollupSpec } from './rollup.ts'
import type { Rollup } from './rollup.ts'
import type { Window } from './window.ts'

/** The samples of a series with histograms, and all that a window of them needs. */
interface Mixed {
  readonly samples: Samples & { readonly histograms: Histograms }
  readonly spec: RollupSpec
  readonly call: FunctionCall
}

/**
 * What a function makes of windows of a series that has histograms: of floats only what it always does; of others what it says, or, where
 * it knows floats alone, of the floats among them.
 */
export function mixedRollup({ samples, spec, call }: Mixed): (window: Window, out: MixedColumn) => void {
  const { histograms, labels } = samples
  const floats = spec.prepare(samples, call)
  const metric = labels.name
  const notes = new MixingNotes(call.annotations, call.exprs[spec.over ?? 0]!, metric)
  const native = spec.native ?? floatsAmong(samples, (some) => spec.prepare(some, call))
  return (window, out) => {
    const { from, to, step } = window
    const plain = isPlain(histograms, from, to)
    const result = plain ? floats(window) : native({ ...window, histograms, metric, notes })
    setElement(out, step, result)
  }
}

function isPlain(histograms: Histograms, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (histograms[i] !== undefined) return false
  return true
}

function floatsAmong(samples: Samples, prepare: (some: Samples) => Rollup): MixedRollup {
  return (window) => {
    const { from, to, histograms, notes, time_ms, value } = window
    const inside = {
      ...samples,
      time_ms: time_ms.subarray(from, to),
      value: value.subarray(from, to),
      histograms: undefined,
    }
    const some = thinned(inside, (i) => histograms[from + i] === undefined)
    const count = some.time_ms.length
    if (count === 0) return undefined
    notes.ignoredInRange()
    return prepare(some)({ ...window, time_ms: some.time_ms, value: some.value, from: 0, to: count })
  }
}
