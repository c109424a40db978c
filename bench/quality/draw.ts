/** Seeded uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Draws of the usual distributions from a seed; a name beside it gives each use its own stream. */
export class Draw {
  readonly uniform: () => number

  constructor(seed: number, name: string) {
    let hash = 0x811c9dc5
    for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193)
    this.uniform = uniform(hash ^ Math.imul(seed, 0x9e3779b1))
    for (let i = 0; i < 8; i++) this.uniform()
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Mean 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform())
  }

  /** Excess over 1 of a Pareto distribution. */
  pareto(shape: number): number {
    return (1 - this.uniform()) ** (-1 / shape) - 1
  }

  poisson(mean: number): number {
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()))
    const limit = Math.exp(-mean)
    let count = 0
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count++
    return count
  }

  /** A stationary process of unit variance whose memory is `tau_ms`; each call is `dt_ms` after the one before. */
  wander(tau_ms: number): (dt_ms: number) => number {
    let state = this.normal()
    return (dt_ms) => {
      const keep = Math.exp(-dt_ms / tau_ms)
      state = keep * state + Math.sqrt(1 - keep * keep) * this.normal()
      return state
    }
  }
}
