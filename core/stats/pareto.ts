/** Shapes outside are estimates gone wrong: far below 0 the tail would end at once, above 0.5 it has no variance. */
const SHAPE_MIN = -0.15
const SHAPE_MAX = 0.5

/**
 * The excess over a threshold that is exceeded with probability `p`, when the threshold itself is exceeded at `rate` and
 * excesses have this `mean` and mean `square`: generalised Pareto by the method of moments (Hosking and Wallis, 1987).
 * 0 where `p` is above `rate`.
 */
export function paretoQuantile(p: number, rate: number, mean: number, square: number): number {
  const variance = Math.max(square - mean * mean, 1e-9 * mean * mean)
  const shape = Math.min(Math.max(0.5 * (1 - (mean * mean) / variance), SHAPE_MIN), SHAPE_MAX)
  const scale = mean * (1 - shape)
  const ratio = Math.max(rate / p, 1)
  return Math.abs(shape) < 1e-3 ? scale * Math.log(ratio) : (scale / shape) * (ratio ** shape - 1)
}
