/** Pauses of a finding that are still the same one. */
const PAUSE_MS = 15 * 60_000
/** So long without the like ends an episode; no finding is held open for longer. */
const CALM_MS = 60 * 60_000

/** What comes back of one rule and label set. */
export interface LogEpisode {
  readonly since_ms: number
  readonly last_ms: number
  /** Bouts after the first. */
  readonly returns: number
  /** How long its finding waits before it closes: doubles with each return. */
  readonly pause_ms: number
}

/** Log findings that come back within an hour wait longer before they close, as those of series do. */
export class Recurring {
  readonly #episodes = new Map<string, LogEpisode>()

  /** The episode that a sighting belongs to. */
  seen(key: string, time_ms: number): LogEpisode {
    const episode = next(this.#episodes.get(key), time_ms)
    this.#episodes.set(key, episode)
    return episode
  }

  /** How long the finding of a key is held open after its last sighting. */
  pause_ms(key: string): number {
    return this.#episodes.get(key)?.pause_ms ?? PAUSE_MS
  }

  tick(time_ms: number): void {
    for (const [key, { last_ms }] of this.#episodes) if (time_ms - last_ms >= CALM_MS) this.#episodes.delete(key)
  }

  entries(): [string, LogEpisode][] {
    return [...this.#episodes]
  }

  replace(entries: Iterable<readonly [string, LogEpisode]>): void {
    this.#episodes.clear()
    for (const [key, episode] of entries) this.#episodes.set(key, episode)
  }
}

function next(known: LogEpisode | undefined, time_ms: number): LogEpisode {
  const gap_ms = time_ms - (known?.last_ms ?? -Infinity)
  if (known === undefined || gap_ms >= CALM_MS)
    return { since_ms: time_ms, last_ms: time_ms, returns: 0, pause_ms: PAUSE_MS }
  if (gap_ms < PAUSE_MS) return { ...known, last_ms: Math.max(known.last_ms, time_ms) }
  const pause_ms = Math.min(2 * known.pause_ms, CALM_MS)
  return { ...known, last_ms: time_ms, returns: known.returns + 1, pause_ms }
}
