import { MixingNotes } from '../evaluate/mixing.ts'
import { type Column, emptyColumn, floatsOf, type Histograms, isEmpty } from '../evaluate/values.ts'
import { quoted } from '../language/literals.ts'
import type { Histogram } from '../native/histogram.ts'
import { type FunctionCall, vectorArg } from './function.ts'

const BUCKET_LABEL = 'le'

/** The buckets that a classic histogram has at a step, by upper bound; the arrays are used again. */
export interface ClassicStep {
  readonly bounds: Float64Array
  readonly counts: Float64Array
  readonly notes: { raised: boolean }
}

/** What a function makes of a histogram of either kind. */
export interface HistogramVisitor {
  classic(step: number, buckets: ClassicStep): number
  native(step: number, histogram: Histogram, notes: MixingNotes): number
}

interface Group {
  readonly buckets: { readonly bound: number; readonly column: Column }[]
  native: { readonly has: Uint8Array; readonly histograms: Histograms } | undefined
  readonly out: Column
}

/** One float series for each histogram of a vector. Where a step has both kinds under the same labels, it is left out with a warning. */
export async function eachHistogram(call: FunctionCall, over: number, visitor: HistogramVisitor): Promise<Column[]> {
  const columns: Column[] = []
  for (const group of groupsOf(call, over)) {
    const { buckets, native, out } = group
    const steps = out.has.length
    call.budget.spend(steps * buckets.length, 0)
    if (call.budget.due) await call.budget.pause()
    buckets.sort((a, b) => a.bound - b.bound)
    const metric = out.labels.name
    const notes = new MixingNotes(call.annotations, call.exprs[over]!, metric)
    const bounds = new Float64Array(buckets.length)
    const counts = new Float64Array(buckets.length)
    const classic = { raised: false }
    for (let i = 0; i < steps; i++) {
      const n = gather(buckets, i, { bounds, counts })
      const one = native?.has[i] === 1 ? native.histograms[i] : undefined
      if (n === 0 && one === undefined) continue
      if (n > 0 && one !== undefined) {
        notes.mixedClassic()
        continue
      }
      out.has[i] = 1
      out.value[i] =
        one === undefined
          ? visitor.classic(i, { bounds: bounds.subarray(0, n), counts: counts.subarray(0, n), notes: classic })
          : visitor.native(i, one, notes)
    }
    if (classic.raised) noteMonotonicity(call, over, metric)
    if (!isEmpty(out)) columns.push(out)
  }
  return columns
}

function gather(
  buckets: Group['buckets'],
  step: number,
  { bounds, counts }: { readonly bounds: Float64Array; readonly counts: Float64Array },
): number {
  let n = 0
  for (const { bound, column } of buckets) {
    if (column.has[step] === 0) continue
    bounds[n] = bound
    counts[n++] = column.value[step]!
  }
  return n
}

function groupsOf(call: FunctionCall, over: number): Iterable<Group> {
  const found = new Map<string, Group>()
  const groupOf = (column: Column): Group => {
    const labels = column.labels.drop(BUCKET_LABEL)
    let group = found.get(labels.key)
    if (group === undefined) {
      call.budget.spend(call.grid.count)
      group = { buckets: [], native: undefined, out: emptyColumn(call.budget.arrays, labels, call.grid.count, true) }
      found.set(labels.key, group)
    }
    return group
  }
  for (const column of vectorArg(call, over).columns) {
    const { histograms } = column
    if (histograms !== undefined) groupOf(column).native = { has: column.has, histograms }
    const floats = floatsOf(column)
    if (isEmpty(floats)) continue
    const le = column.labels.get(BUCKET_LABEL)
    const bound = boundOf(le)
    if (bound !== undefined) groupOf(column).buckets.push({ bound, column: floats })
    else {
      const { name } = column.labels
      const metric = name === '' ? '' : ` for metric name ${quoted(name)}`
      const message = `bucket label "le" is missing or has a malformed value of ${quoted(le)}${metric}`
      call.annotations.warn(message, call.exprs[over]!)
    }
  }
  return found.values()
}

function boundOf(le: string): number | undefined {
  if (/^\+?inf$/i.test(le)) return Infinity
  if (/^-inf$/i.test(le)) return -Infinity
  const bound = le.trim() === le && le !== '' ? Number(le) : NaN
  return Number.isNaN(bound) ? undefined : bound
}

function noteMonotonicity({ annotations, exprs }: FunctionCall, over: number, metric: string): void {
  const of = metric === '' ? '' : ` for metric name ${quoted(metric)}`
  const see = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile'
  annotations.info(`input to histogram_quantile needed to be fixed for monotonicity (see ${see})${of}`, exprs[over]!)
}
