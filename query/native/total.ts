import { added } from './arithmetic.ts'
import { divided, type Histogram } from './histogram.ts'

/** A sum of histograms, and what was noticed on the way. */
export class HistogramTotal {
  #sum: Histogram | undefined
  #lost: Histogram | undefined
  #count = 0
  /** Powers and listed bounds do not add up. */
  incompatible = false
  reconciled = false
  collision = false

  add(one: Histogram): void {
    this.#count++
    if (this.incompatible) return
    if (this.#sum === undefined) {
      this.#sum = one
      return
    }
    const combined = added(this.#sum, one)
    if (combined === undefined) {
      this.incompatible = true
      return
    }
    this.reconciled ||= combined.reconciled
    this.collision ||= combined.collision
    this.#lost = lostOf(this.#lost, { before: this.#sum, one, total: combined.value })
    this.#sum = combined.value
  }

  /** Undefined where nothing was added, or what does not add up. */
  get sum(): Histogram | undefined {
    if (this.incompatible || this.#sum === undefined) return undefined
    return this.#lost === undefined ? this.#sum : restored(this.#sum, this.#lost)
  }

  get mean(): Histogram | undefined {
    const { sum } = this
    return sum === undefined || this.#count === 1 ? sum : divided(sum, this.#count)
  }
}

interface Addition {
  readonly before: Histogram
  readonly one: Histogram
  readonly total: Histogram
}

/** Neumaier's compensation of sum, count and zero count: what rounding took. Buckets are counts, and hardly lose any. */
function lostOf(lost: Histogram | undefined, { before, one, total }: Addition): Histogram {
  const of = (key: 'sum' | 'count'): number => {
    if (!Number.isFinite(total[key])) return 0
    const [large, small] =
      Math.abs(before[key]) >= Math.abs(one[key]) ? [before[key], one[key]] : [one[key], before[key]]
    return (lost?.[key] ?? 0) + (large - total[key] + small)
  }
  return { ...total, sum: of('sum'), count: of('count') }
}

function restored(total: Histogram, lost: Histogram): Histogram {
  return { ...total, sum: total.sum + lost.sum, count: total.count + lost.count }
}
