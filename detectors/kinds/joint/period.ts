/** A period is looked for from so many values on, and so many times must it have passed. */
const LEAST_LAG = 5
const PASSED = 4
/** How like the values are to those one period before (Pearson); and to those two, three and up to so many before. */
const ALIKE = 0.5
const STILL_ALIKE = 0.35
const TIMES = 6
/** Of lags nearly as good as the best the shortest is the period: others are multiples of it. */
const NEARLY = 0.85
/** Between two times alike there is one that is less so by this. */
const TROUGH = 0.3
/** Multiples of the period are followed as long as this share of the values is left to compare. */
const FOLLOWED = 0.7

/** Finds periods of equally spaced values, always as many, in memory of its own. */
export class Periods {
  readonly #size: number
  readonly #longest: number
  /** Distances from the mean of all, and the sum of squares of all before one. */
  readonly #values: Float64Array
  readonly #squares: Float64Array
  /** By lag, as far as it was asked for. */
  readonly #alike: Float64Array

  constructor(size: number) {
    this.#size = size
    this.#longest = Math.floor(size / PASSED)
    this.#values = new Float64Array(size)
    this.#squares = new Float64Array(size + 1)
    this.#alike = new Float64Array(Math.floor(size * FOLLOWED) + 2)
  }

  /**
   * The period in steps between values, from the peaks of their autocorrelation; NaN where they have none. A peak counts where its
   * multiples are peaks as well, which the slow wanderings of noise are not; how far those lie apart tells the period to a fraction of a step.
   */
  of(values: Float64Array): number {
    this.#center(values)
    const alike = this.#alike
    const longest = this.#longest
    this.#compare(0, longest + 2)
    let best = 0
    for (let lag = LEAST_LAG; lag <= longest; lag++) if (isPeak(alike, lag) && alike[lag]! > best) best = alike[lag]!
    // Most have none, and that was little work.
    if (best === 0) return NaN
    this.#compare(longest + 2, alike.length)
    let trough = 1
    for (let lag = 1; lag <= longest; lag++) {
      const here = alike[lag]!
      if (lag >= LEAST_LAG && isPeak(alike, lag) && here >= NEARLY * best && here - trough >= TROUGH) {
        const period = refined(alike, lag)
        if (period === period) return period
      }
      if (here < trough) trough = here
    }
    return NaN
  }

  #center(values: Float64Array): void {
    let sum = 0
    for (let i = 0; i < this.#size; i++) sum += values[i]!
    const mean = sum / this.#size
    for (let i = 0; i < this.#size; i++) {
      const far = values[i]! - mean
      this.#values[i] = far
      this.#squares[i + 1] = this.#squares[i]! + far * far
    }
  }

  /** Pearson's correlation with the values before, at lags `from` up to `to`. */
  #compare(from: number, to: number): void {
    const values = this.#values
    const squares = this.#squares
    const n = this.#size
    for (let lag = from; lag < to; lag++) {
      // Four sums at once: one would wait for each addition.
      let [a, b, c, d] = [0, 0, 0, 0]
      let i = lag
      for (; i + 3 < n; i += 4) {
        a += values[i]! * values[i - lag]!
        b += values[i + 1]! * values[i + 1 - lag]!
        c += values[i + 2]! * values[i + 2 - lag]!
        d += values[i + 3]! * values[i + 3 - lag]!
      }
      for (; i < n; i++) a += values[i]! * values[i - lag]!
      const norm = Math.sqrt(squares[n - lag]! * (squares[n]! - squares[lag]!))
      this.#alike[lag] = norm > 0 ? (a + b + c + d) / norm : 0
    }
  }
}

const isPeak = (alike: Float64Array, lag: number): boolean =>
  alike[lag]! >= ALIKE && alike[lag]! >= alike[lag - 1]! && alike[lag]! > alike[lag + 1]!

/** The period near a lag, from the farthest of its multiples that are peaks; NaN where the first ones are none. */
function refined(alike: Float64Array, lag: number): number {
  let period = top(alike, lag)
  for (let times = 2; (times + 0.5) * period < alike.length - 1; times++) {
    const at = highest(alike, times * period, Math.max(1, period / (2 * times)))
    const like = alike[at]!
    if (!(like >= STILL_ALIKE && like >= alike[at - 1]! && like >= alike[at + 1]!)) return times > TIMES ? period : NaN
    period = top(alike, at) / times
  }
  return period
}

/** The lag within `reach` of another at which values are most alike. */
function highest(alike: Float64Array, near: number, reach: number): number {
  let best = Math.round(near)
  for (let lag = Math.ceil(near - reach); lag <= near + reach; lag++) if (alike[lag]! > alike[best]!) best = lag
  return best
}

/** Where the parabola through a peak and its neighbours is highest. */
function top(alike: Float64Array, lag: number): number {
  const [before, here, after] = [alike[lag - 1]!, alike[lag]!, alike[lag + 1]!]
  const bend = before - 2 * here + after
  return bend < 0 ? lag + (before - after) / (2 * bend) : lag
}
