/**
 * Weight of a new sample in an exponentially weighted mean with time constant `tau_ms`, the samples being `dt_ms`
 * apart: dt / (dt + tau), the rational form of 1 − exp(−dt/tau). With `count` earlier samples it is at least
 * 1 / (count + 1), so that a young mean is the plain mean.
 */
export function gain(dt_ms: number, tau_ms: number, count = Infinity): number {
  const steady = dt_ms / (dt_ms + tau_ms)
  const young = 1 / (count + 1)
  return steady > young ? steady : young
}
