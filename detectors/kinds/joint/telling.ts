import type { DetectorContext } from '../kind.ts'
import type { Envelope } from './envelope.ts'
import type { Evidence } from './evidence.ts'
import type { Held } from './held.ts'
import type { Novelty } from './novelty.ts'
import type { Quiet } from './quiet.ts'
import { isMean, LEFT, NOVEL, RUN, SINGLE, STILL } from './reasons.ts'
import type { Recurrence } from './recurrence.ts'
import type { Runs } from './runs.ts'
import type { Sample } from './sample.ts'

/** Score of an onset of a kind that recurs, and of what is on its way back. */
const UNDER = 0.99
const WEEK_MS = 7 * 86_400_000

/**
 * What of all that is anomalous is told: what is asked for, once (`Quiet`), not again and again (`Recurrence`), and not that a row
 * goes back to where it was before a level was adopted (`Held`): who was told of the level knows what it was before.
 */
export class Telling {
  readonly #direction: DetectorContext['direction']
  readonly #parts: Parts

  constructor({ direction = 'both' }: DetectorContext, parts: Parts) {
    this.#direction = direction
    this.#parts = parts
  }

  /** The score of what is anomalous: under 1 where it was said before, recurs, or goes back. */
  score(row: number, sample: Sample, what: Found): number {
    const { evidence, held, novelty, quiet, recurrence } = this.#parts
    const { reason, log, budget_per_week } = what
    const { time_ms, value, residual, age_ms } = sample
    const back = held.isBack(row, value, this.#direction)
    const heard = !back && this.#heard(reason, residual > 0)
    const lone = reason < SINGLE || reason === NOVEL || reason === LEFT
    const said = quiet.say(row, time_ms, log, { heard, lone })
    if (back) return UNDER
    if (reason === STILL && said >= 1) evidence.stick(row)
    // What means, restless and still values say may come again: a fault that lasts is told, whatever recurs.
    if (reason >= SINGLE && reason < NOVEL) return this.#unlessBack(row, sample, what, said)
    const size = this.#size(row, sample, reason)
    const outgrown = said < 1 && recurrence.outgrown(row, time_ms, size)
    const score = outgrown ? Math.exp(log) : said
    if (score < 1) return score
    evidence.mute(row, time_ms, size > 0)
    novelty.gather(row, time_ms)
    const allowed = (age_ms / WEEK_MS) * budget_per_week
    const usual = recurrence.usual(row, time_ms, size, allowed)
    sample.waits = usual && recurrence.assumed
    return usual ? UNDER : this.#unlessBack(row, sample, what, score)
  }

  /** What never was is told wherever it lies. */
  #unlessBack(row: number, sample: Sample, { reason }: Found, score: number): number {
    if (score < 1 || reason === NOVEL || !this.#parts.held.returns(row, sample)) return score
    sample.spent = true
    return UNDER
  }

  /** Whether the rule asks for what was found, the value being above what was expected or not. */
  #heard(reason: number, above: boolean): boolean {
    const { envelope } = this.#parts
    const up = reason === LEFT ? envelope.up : isMean(reason) ? reason === SINGLE : above
    return this.#direction === 'both' || up === (this.#direction === 'up')
  }

  /** How far out it is, from what it was compared with. */
  #size(row: number, { value, residual, scale }: Sample, reason: number): number {
    if (reason === RUN) return this.#parts.runs.sum(row) * scale
    return reason === LEFT ? this.#parts.envelope.distance(row, value) : residual
  }
}

/** Why a sample is anomalous, the logarithm of its score (0 or more), and alarms a week that its row may have. */
export interface Found {
  readonly reason: number
  readonly log: number
  readonly budget_per_week: number
}

interface Parts {
  readonly envelope: Envelope
  readonly evidence: Evidence
  readonly held: Held
  readonly novelty: Novelty
  readonly quiet: Quiet
  readonly recurrence: Recurrence
  readonly runs: Runs
}
