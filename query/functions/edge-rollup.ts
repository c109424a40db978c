import type { QueryArrays } from '../evaluate/arrays.ts'
import { refuseHistograms, type Stretch, stretchOf } from '../evaluate/edges.ts'
import { type Column, emptyColumn, type MatrixValue, type Samples } from '../evaluate/values.ts'

/** What a function makes of a window whose values at both ends are known (`anchored`, `smoothed`). */
export interface EdgeRollup {
  readonly counter: boolean
  of(stretch: Stretch, value: Float64Array, range_ms: number): number
}

/** The difference of both ends; of a counter with what was lost at its resets. */
export function edgeIncrease(kind: 'rate' | 'increase' | 'delta'): EdgeRollup {
  const counter = kind !== 'delta'
  return {
    counter,
    of(stretch, value, range_ms) {
      let increase = stretch.right - stretch.left
      if (counter) {
        eachPair(stretch, value, (a, b) => {
          if (b < a) increase += a
        })
      }
      return kind === 'rate' ? increase / (range_ms / 1000) : increase
    },
  }
}

/** How many neighbours satisfy `counts`. */
export function edgeTally(counts: (a: number, b: number) => boolean): EdgeRollup {
  return {
    counter: false,
    of(stretch, value) {
      let count = 0
      eachPair(stretch, value, (a, b) => {
        if (counts(a, b)) count++
      })
      return count
    },
  }
}

function eachPair(
  { left, right, from, to }: Stretch,
  value: Float64Array,
  visit: (a: number, b: number) => void,
): void {
  let before = left
  for (let i = from; i < to; i++) {
    visit(before, value[i]!)
    before = value[i]!
  }
  visit(before, right)
}

export function edgeColumn(
  samples: Samples,
  { end_ms, range_ms, edges }: MatrixValue,
  rollup: EdgeRollup,
  arrays: QueryArrays,
): Column {
  refuseHistograms(samples)
  const column = emptyColumn(arrays, samples.labels, end_ms.length, true)
  for (const [i, end] of end_ms.entries()) {
    const range = { start_ms: end - range_ms, end_ms: end, counter: rollup.counter }
    const stretch = stretchOf(samples, edges!, range)
    if (stretch === undefined) continue
    column.has[i] = 1
    column.value[i] = rollup.of(stretch, samples.value, range_ms)
  }
  return column
}
