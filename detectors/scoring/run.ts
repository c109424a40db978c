import type { FindingKind } from '#core/finding.ts'

/** A judged sample, or for `absence` a tick at which the series is overdue. */
export interface Observation {
  readonly time_ms: number
  /** When it began, where that is before `time_ms`: a silence is noticed late, and so is what stands still. */
  readonly since_ms?: number
  readonly anomalous: boolean
  readonly score: number
  readonly value: number
  readonly expected: number
  readonly lower: number
  readonly upper: number
  /** What the detector says that it looks like, where it knows. */
  readonly shape?: FindingKind | undefined
  /** Who says the score, where he remembers the values of an hour and more: he says it for a while after what it is of. */
  readonly echo?: string | undefined
  /** Its level is the new normal from here on: the run is over, whatever the score. */
  readonly adopted?: boolean
  /** Too little is known of its series as yet: what it was judged by is all that was seen. */
  readonly learning?: true
  readonly detail?: string
}

/** Anomalous samples of a row with pauses under `pause_ms` between them. Immutable. */
export interface Run {
  readonly since_ms: number
  /** Event time of the last anomalous sample. */
  readonly last_ms: number
  readonly open: boolean
  /** Alarms counted: 1 when it opens, one more each `recount_ms` that it lasts. */
  readonly alarms: number
  /** Anomalous samples above and below what was expected. */
  readonly up: number
  readonly down: number
  /** The farthest from what was expected in its first quarter of an hour; not there in state from before it was kept. */
  readonly early?: number
  /** Of the highest score. */
  readonly peak: Observation
  /** Farthest from what was expected, on the side of the peak; not there in state from before it was kept: the peak. */
  readonly farthest?: Observation
  /** State when the last event was told: its time and peak score. */
  readonly told_ms: number
  readonly told_score: number
  readonly adopted?: true
}

export interface RunOptions {
  /** How long it must last to open. */
  readonly for_ms: number
  /** Normal for so long ends a run. */
  readonly pause_ms: number
  readonly recount_ms: number
  /** A run of its side was over not long ago: what lasts still, and is nearly anomalous, is its return. */
  readonly returns?: boolean
}

/** What became of a run: `''` nothing to tell; `dropped` ended without having opened. */
export type RunChange = '' | 'opened' | 'updated' | 'closed' | 'dropped'

export interface RunStep {
  readonly run: Run | undefined
  readonly change: RunChange
}

/** An open run goes on while the score is above this: what wavers about 1 is one finding. */
export const HYSTERESIS = 0.8
/** An open run tells of its going on at most so often, or when its peak grows by a tenth. */
const TELL_MS = 60_000
const TELL_GROWTH = 1.1
/** Shorter than this it is a spike or a dip. */
const LEVEL_MS = 15 * 60_000
const VARIANCE_MIN = 6
/** Drift goes on in the last quarter, and has made half as much way again by then. */
const LATE = 0.75
const CREPT = 1.5

/** The state machine of a finding: takes one observation of a row, in order of time. */
export function stepRun(run: Run | undefined, seen: Observation, options: RunOptions): RunStep {
  if (run !== undefined && seen.time_ms - run.last_ms >= options.pause_ms) {
    // Over before this observation; the caller gives the observation again, to begin anew.
    return { run: undefined, change: run.open ? 'closed' : 'dropped' }
  }
  const adopted = seen.adopted === true && run?.open === true
  if (!seen.anomalous && !adopted && !(run?.open === true && seen.score >= HYSTERESIS)) return { run, change: '' }
  // What only lasts begins nothing.
  if (run === undefined && seen.score < (options.returns === true ? HYSTERESIS : 1)) return { run, change: '' }
  const next = run === undefined ? begun(seen) : grown(run, seen)
  if (adopted) return { run: { ...next, adopted: true }, change: 'closed' }
  if (!next.open) {
    if (seen.time_ms - next.since_ms < options.for_ms) return { run: next, change: '' }
    return { run: told({ ...next, open: true, alarms: 1 }, seen), change: 'opened' }
  }
  const alarms = 1 + Math.floor((seen.time_ms - next.since_ms) / options.recount_ms)
  const counted = alarms > next.alarms ? { ...next, alarms } : next
  const tell = seen.time_ms - next.told_ms >= TELL_MS || next.peak.score >= next.told_score * TELL_GROWTH
  return tell ? { run: told(counted, seen), change: 'updated' } : { run: counted, change: '' }
}

function begun(seen: Observation): Run {
  const up = seen.value < seen.expected ? 0 : 1
  return {
    since_ms: seen.since_ms ?? seen.time_ms,
    last_ms: seen.time_ms,
    open: false,
    alarms: 0,
    up,
    down: 1 - up,
    early: Math.abs(seen.value - seen.expected),
    peak: seen,
    farthest: seen,
    told_ms: seen.time_ms,
    told_score: seen.score,
  }
}

function grown(run: Run, seen: Observation): Run {
  // What only wavers about the end of it lies on no side.
  const counts = seen.anomalous ? 1 : 0
  const up = seen.value < seen.expected ? 0 : counts
  // The way back is unusual to who followed, and no part of what it was.
  const isBack = isInside(seen) && !isInside(run.peak)
  const peak = seen.score > run.peak.score && !isBack ? seen : run.peak
  const farthest = seen.anomalous ? fartherOf(peak, farthestOf(run), seen) : farthestOf(run)
  const isEarly = seen.anomalous && seen.time_ms - run.since_ms < LEVEL_MS
  const early =
    isEarly && run.early !== undefined ? Math.max(run.early, Math.abs(seen.value - seen.expected)) : run.early
  const next = { ...run, last_ms: seen.time_ms, up: run.up + up, down: run.down + counts - up, peak, farthest }
  return early === undefined ? next : { ...next, early }
}

const isInside = ({ value, lower, upper }: Observation): boolean => value >= lower && value <= upper

export const farthestOf = ({ peak, farthest = peak }: Run): Observation => farthest

/** Which of two lies farther from what was expected on the side of `peak`. */
export function fartherOf(peak: Observation, one: Observation, other: Observation): Observation {
  const side = peak.value < peak.expected ? -1 : 1
  const far = ({ value, expected }: Observation): number => side * (value - expected)
  return far(other) > far(one) ? other : one
}

const told = (run: Run, seen: Observation): Run => ({ ...run, told_ms: seen.time_ms, told_score: run.peak.score })

/** `up` where the peak lies above what was expected. */
export function directionOf(run: Run): 'up' | 'down' {
  return Number.isNaN(run.peak.value) || run.peak.value < run.peak.expected ? 'down' : 'up'
}

/** What a run looks like, from its shape and duration so far. */
export function kindOf(run: Run): FindingKind {
  if (Number.isNaN(run.peak.value)) return 'absent'
  const count = run.up + run.down
  const swings = Math.min(run.up, run.down) * 5 >= count
  // What a detector finds too restless is no noise where it only goes one way, and goes beyond the band there.
  const isOneWay = count >= VARIANCE_MIN && !swings && !isInside(farthestOf(run))
  const shape = run.peak.shape === 'variance' && isOneWay ? undefined : run.peak.shape
  const isLevel = shape === 'level_up' || shape === 'level_down'
  if (shape !== undefined && !isLevel) return shape
  const up = directionOf(run) === 'up'
  if (!isLevel && count >= VARIANCE_MIN && swings) return 'variance'
  if (!isLevel && run.last_ms - run.since_ms < LEVEL_MS) return up ? 'spike' : 'dip'
  if (crept(run)) return 'drift'
  return shape ?? (up ? 'level_up' : 'level_down')
}

/** Still on its way: clearly farther from what was expected near its end than in its first quarter of an hour. */
function crept(run: Run): boolean {
  const { since_ms, last_ms, early = Infinity } = run
  if (last_ms - since_ms < LEVEL_MS) return false
  const { time_ms, value, expected } = farthestOf(run)
  return time_ms - since_ms >= LATE * (last_ms - since_ms) && Math.abs(value - expected) >= CREPT * early
}
