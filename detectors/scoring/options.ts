import type { CivilTime } from '#core/civil-time.ts'
import type { FindingSink } from '#core/ports/findings.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'

import type { ScoreSink } from './band-writer.ts'
import type { Budgets } from './budgets.ts'
import type { Windows } from './windows.ts'

export interface ScoringOptions {
  readonly definition: SeriesWriter['definition']
  /** How samples of a series came, by which it is told that it fell silent; not given: an hour without any tells. */
  readonly pulse?: SeriesWriter['pulse']
  readonly sink: FindingSink
  readonly log: Log
  readonly meter: Meter
  /** Bands of ordinary rules as they are made (`BandWriter`); none by default. */
  readonly scores?: ScoreSink
  /** What is stored: rules that are added later look back. Not given: they begin with what comes. */
  readonly reader?: Pick<SeriesReader, 'select' | 'extent'>
  /** `limits.scored_series`: rows of all rules together. */
  readonly scored_series?: number
  /** `limits.findings`: how many are kept for lists. */
  readonly findings?: number
  /** `limits.copies`: of so many findings can be taken back what was learned in them. */
  readonly copies?: number
  /** A row without samples for so long is forgotten, whatever it is; an absent series' finding is closed with it. See `Forgetting`. */
  readonly forget_ms?: number
  /** The time that is certain to have come, by which that is; undefined: the last tick. */
  readonly aged_ms?: () => number | undefined
  /** Of days and weeks; UTC by default. */
  readonly civil?: CivilTime
  /** Maintenance and planned events. */
  readonly windows?: Windows
  /** What rules, services and everything may spend on alarms. */
  readonly budgets?: Budgets
}
