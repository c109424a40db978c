import type { FindingKind } from '#core/finding.ts'

import { directionOf, fartherOf, farthestOf, kindOf, type Run } from './run.ts'

/** Pauses shorter than this belong to a run. */
export const PAUSE_MS = 15 * 60_000
/** So long without trouble of a side ends an episode; no finding is held open for longer. */
export const CALM_MS = 60 * 60_000

/** A finding as far as its bouts have come that are over. */
export interface Held {
  readonly run: Run
  readonly kind: FindingKind
  readonly experts: readonly string[]
}

/** Bouts of trouble on one side of a row, with less than `CALM_MS` between them. Immutable. */
export interface Episode {
  readonly side: 'up' | 'down' | 'absent'
  /** Event times: where the first bout began and the newest one ended that is over. */
  readonly since_ms: number
  readonly last_ms: number
  /** Bouts after the first. */
  readonly returns: number
  /** What it has looked like so far. */
  readonly kinds: readonly FindingKind[]
  /** How long its finding stays open after a bout: doubles with each return. */
  readonly pause_ms: number
  /** True while the run of the row is its bout. */
  readonly running: boolean
  /** The finding that is kept open between bouts; the running bout joins it. */
  readonly held?: Held
}

const sideOf = (run: Run): Episode['side'] => (Number.isNaN(run.peak.value) ? 'absent' : directionOf(run))

/** Everything begins as a spike or a dip: these are no other kind of trouble. */
const isBrief = (kind: FindingKind): boolean => kind === 'spike' || kind === 'dip'

const union = (kinds: readonly FindingKind[], kind: FindingKind): readonly FindingKind[] =>
  kinds.includes(kind) ? kinds : [...kinds, kind]

function closed(episode: Episode): Episode {
  const { held: _, ...rest } = episode
  return rest
}

function merged({ run: before }: Held, run: Run): Run {
  const peak = before.peak.score >= run.peak.score ? before.peak : run.peak
  return {
    ...run,
    since_ms: before.since_ms,
    up: before.up + run.up,
    down: before.down + run.down,
    ...(before.early === undefined ? {} : { early: before.early }),
    peak,
    farthest: fartherOf(peak, farthestOf(before), farthestOf(run)),
  }
}

/**
 * What comes back soon after it was over: by row and side its episode. The longer trouble keeps returning the longer its
 * finding waits before it closes, so that what flaps is one finding. (Netdata backs off repeated notifications alike.)
 */
export class Flapping {
  readonly #episodes = new Map<number, readonly Episode[]>()

  /** Rows with an episode. */
  rows(): Iterable<number> {
    return this.#episodes.keys()
  }

  entries(): [number, readonly Episode[]][] {
    return [...this.#episodes]
  }

  restore(row: number, episodes: readonly Episode[]): void {
    this.#put(row, episodes)
  }

  /** The episode that the run of a row belongs to once it is open. */
  current(row: number): Episode | undefined {
    return this.#episodes.get(row)?.find(({ running }) => running)
  }

  /** True where trouble of a side was over not long ago. */
  returns(row: number, side: Episode['side']): boolean {
    return this.#episodes.get(row)?.some((episode) => episode.side === side) ?? false
  }

  /** True while a finding of a row is kept open though it has no run. */
  holds(row: number): boolean {
    return this.#episodes.get(row)?.some(({ held }) => held !== undefined) ?? false
  }

  /** A run of a row opens, what was calm by its beginning being released; where its episode has `held`, it goes on with that. */
  open(row: number, run: Run): Episode {
    const side = sideOf(run)
    const known = this.#episodes.get(row)?.find((episode) => episode.side === side)
    const begun = { side, since_ms: run.since_ms, last_ms: run.since_ms, returns: 0, kinds: [], pause_ms: PAUSE_MS }
    const again = known && { returns: known.returns + 1, pause_ms: Math.min(CALM_MS, known.pause_ms * 2) }
    const episode = { ...(known ?? begun), ...again, running: true }
    this.#replace(row, episode)
    return episode
  }

  /** Parts a run from the finding that it joined once it is of a kind that the episode has not had; what was held. */
  part(row: number, run: Run): Episode | undefined {
    const episode = this.current(row)
    if (episode?.held === undefined) return undefined
    const kind = kindOf(run)
    if (isBrief(kind) || episode.kinds.includes(kind)) return undefined
    this.#replace(row, { ...closed(episode), since_ms: run.since_ms, returns: 0, pause_ms: PAUSE_MS })
    return episode
  }

  /** A run with those that it joined, and their kind. */
  whole(row: number, run: Run, experts: readonly string[]): Held {
    const held = this.current(row)?.held
    const kind = kindOf(run)
    if (held === undefined) return { run, kind, experts }
    return {
      run: merged(held, run),
      kind: isBrief(kind) ? held.kind : kind,
      experts: held.run.peak.score >= run.peak.score ? held.experts : experts,
    }
  }

  /** The open run of a row is over; its episode, with `held` where the finding stays open. */
  over(row: number, run: Run, experts: readonly string[]): Episode | undefined {
    const episode = closed(this.current(row) ?? this.open(row, run))
    const whole = this.whole(row, run, experts)
    // A new normal is nothing that could come back.
    if (run.adopted === true) {
      this.#put(row, this.#others(row, episode))
      return undefined
    }
    const next: Episode = {
      ...episode,
      last_ms: run.last_ms,
      kinds: union(episode.kinds, whole.kind),
      running: false,
      ...(episode.pause_ms > PAUSE_MS ? { held: whole } : {}),
    }
    this.#replace(row, next)
    return next
  }

  /**
   * Lets go of what has been calm for long enough at `time_ms`; those with a finding to close. `least_ms`: calm is counted
   * from there, where it is later than the last bout.
   */
  release(row: number, time_ms: number, least_ms = -Infinity): readonly Episode[] {
    const episodes = this.#episodes.get(row)
    if (episodes === undefined) return []
    const calm = ({ running, last_ms }: Episode): number => (running ? 0 : time_ms - Math.max(last_ms, least_ms))
    const isDue = (episode: Episode): boolean => episode.held !== undefined && calm(episode) >= episode.pause_ms
    const due = episodes.filter(isDue)
    if (due.length === 0 && episodes.every((episode) => calm(episode) < CALM_MS)) return due
    const left = episodes.filter((episode) => calm(episode) < CALM_MS)
    this.#put(
      row,
      left.map((episode) => (isDue(episode) ? closed(episode) : episode)),
    )
    return due
  }

  /** Forgets a row; those of its episodes that have a finding to close. */
  forget(row: number): readonly Episode[] {
    const held = (this.#episodes.get(row) ?? []).filter((episode) => episode.held !== undefined)
    this.#episodes.delete(row)
    return held
  }

  #replace(row: number, episode: Episode): void {
    this.#put(row, [...this.#others(row, episode), episode])
  }

  #others(row: number, { side }: Episode): readonly Episode[] {
    return (this.#episodes.get(row) ?? []).filter((episode) => episode.side !== side)
  }

  #put(row: number, episodes: readonly Episode[]): void {
    if (episodes.length === 0) this.#episodes.delete(row)
    else this.#episodes.set(row, episodes)
  }
}
