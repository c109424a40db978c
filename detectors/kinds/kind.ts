import type { z } from 'zod'

import type { CivilTime } from '#core/civil-time.ts'
import type { Part } from '#core/component.ts'
import type { FindingKind } from '#core/finding.ts'
import type { Verdict } from '#core/score.ts'

/** What a detector knows of the rule it works for. */
export interface DetectorContext {
  /** False alarms a week allowed over all rows together. Read at each use: a reload may change it. */
  readonly budget_per_week: number
  /** Which side of what is expected is asked for; both where nothing is said. Read at each use as well. */
  readonly direction?: 'up' | 'down' | 'both' | undefined
  /** Of days and weeks; UTC without holidays where nothing is said. */
  readonly civil?: CivilTime | undefined
}

/** Samples of a detector's rows, in the order in which they are to be taken. */
export interface RowBatch {
  readonly length: number
  readonly row: Uint32Array
  readonly time_ms: Float64Array
  readonly value: Float64Array
}

/** What `steps` says of a batch: sample `i` has `score[i]`. Without `everyBand` a score under 0.6 says no more than that it is. */
export interface VerdictColumns {
  readonly score: Float64Array
  /** Expected, lower, upper from `3 * i`; set where the score is >= 1, or everywhere with `everyBand`. */
  readonly bands: Float64Array
  /** Bit `b`: the expert `experts[b]` found it unusual; set where bands are. */
  readonly blamed: Uint8Array
  readonly everyBand: boolean
}

/**
 * Turns the values of series into scores, a row a series; state in columns that grow by rows.
 *
 * - `step` judges first and learns afterwards: the point under test is never in its own baseline.
 * - Scores are finite and >= 0 for any input; values that are not finite give 0 and are not learned.
 * - Time must ascend strictly within a row; the caller sees to it.
 * - The same calls give the same scores; `load(save())` in mid-stream changes nothing, bit for bit.
 */
export interface Detector {
  /** Rows in use. */
  readonly live: number
  /** Bytes of all state held. */
  readonly bytes: number
  /** `nature`: what the series is (`natureOf`), where anything is known of it. */
  add(nature?: number): number
  /** The row is forgotten and may come back from `add`. */
  remove(row: number): void
  step(row: number, time_ms: number, value: number, out: Verdict): void
  /**
   * A kind that takes batches: `step` for each sample in turn, in one call. Rows may repeat. It says the same as `step`
   * would, with `experts` for the bits of `blamed`.
   */
  steps?(batch: RowBatch, out: VerdictColumns): void
  readonly experts?: readonly string[]
  /** Names of the experts that found the last value stepped unusual: ask right after `step`. */
  blamed(): readonly string[]
  /** What the last value stepped looks like, where the detector knows better than the shape of the run: ask right after `step`. */
  shape?(): FindingKind | undefined
  /** What the last score is of where that is not the value stepped, but the mean of a stretch: ask right after `step`. */
  judged?(): number
  /** Who says the last score, where that is somebody who goes by the values of an hour and more: `blamed` of a finding that is his. Ask right after `step`. */
  echo?(): string | undefined
  /** True where the last step took a level that lasts for the new normal: the run is over. Ask right after `step`. */
  adopted?(): boolean
  /** When what the last step told began, where that was before the value stepped: ask right after `step`. */
  since_ms?(row: number): number | undefined
  /** True while what was told last goes on though values lie within the band, as of one that stands still: a finding that is open stays so. */
  lasts?(row: number): boolean
  /** Whether what is asked of a row follows from the row: until then bands are wide, and only what is far out is told. True where it has no such time. */
  confident?(row: number): boolean
  /** Usual time between samples of a row, 0 while it has too few. Not there: it is not known. */
  cadence_ms?(row: number): number
  /** Absence alone: the score of a silence that lasts until `time_ms`, 1 where it becomes too long. */
  overdue?(row: number, time_ms: number): number
  save(): Uint8Array
  /** The bytes of `save` in pieces that are views of the state, good until a sample comes: no copy of much state is made. */
  views?(): readonly Part[]
  /** Throws `ServiceError('bad_data')` for a version it does not know. */
  load(bytes: Uint8Array): void
}

/** What somebody said was no trouble. */
export interface Accepted {
  /** Event time of its last anomalous sample. */
  readonly time_ms: number
  /** From what was expected, at its peak; NaN where it had no value. */
  readonly deviation: number
  /** It lasted long enough for its end to be as far from what was expected by then. */
  readonly lasting: boolean
  /** It goes on: the level of now is normal from the next sample on. */
  readonly open: boolean
  /** There was nothing at all: what was said is asked more of from here on. */
  readonly noise: boolean
}

/** A detector that can be told what became of a finding: what was learned in it is taken back, or is normal. */
export interface Correctable extends Detector {
  /** The row becomes what another detector of the same kind knows of `other`. */
  take(row: number, from: Detector, other: number): void
  /** Where the row is. */
  near(row: number): number
  /** Up to this time samples came that the row is not to know of; it is near `level` then, or where its season says (NaN). */
  pass(row: number, time_ms: number, level: number): void
  /** No level is adopted before this time, as long as the row is away from what it was. */
  insist(row: number, until_ms: number): void
  accept(row: number, said: Accepted): void
}

export function isCorrectable(detector: Detector): detector is Correctable {
  return 'take' in detector
}

/** A kind of detector: what stands under `detector:` in a rule. `config` has a default for every key but `kind`. */
export interface Kind<Config extends { readonly kind: string } = { readonly kind: string }> {
  readonly kind: Config['kind']
  readonly config: z.ZodType<Config>
  /** Scores samples (false: `absence`, which speaks of silence only). */
  readonly scores: boolean
  /** What a score is of where it is not the newest value: a `stretch` up to it, or how long it stood still. */
  readonly judges?: 'stretch' | 'stillness'
  create(config: Config, context: DetectorContext): Detector
}
