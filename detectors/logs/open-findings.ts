import type { Finding, FindingEvent } from '#core/finding.ts'
import { contentId } from '#core/hash.ts'
import type { FindingSink } from '#core/ports/findings.ts'
import { Labels } from '#core/series.ts'

import type { LogSighting } from './log-finding.ts'
import { type LogEpisode, Recurring } from './recurring.ts'

type Saved = Omit<Finding, 'labels' | 'lower' | 'upper'> & {
  labels: Record<string, string>
  lower: number | null
  upper: number | null
}

export type LogFindingsState = readonly Saved[]

/**
 * Sightings of one rule and label set in a row are one finding: opened by the first, closed when 15 min passed without, or longer where it
 * keeps coming back.
 */
export class LogFindings {
  readonly #sink: FindingSink
  readonly #open = new Map<string, Finding>()
  readonly recurring = new Recurring()

  constructor(sink: FindingSink) {
    this.#sink = sink
  }

  see(sighting: LogSighting): void {
    const key = `${sighting.rule}\u0000${sighting.labels.key}`
    const before = this.#open.get(key)
    const made = before === undefined ? opened(sighting) : extended(before, sighting)
    const finding = { ...made, ...flappingOf(this.recurring.seen(key, sighting.time_ms)) }
    this.#open.set(key, finding)
    this.#tell(before === undefined ? 'opened' : 'updated', sighting.time_ms, finding)
  }

  tick(time_ms: number): void {
    for (const [key, finding] of this.#open) {
      const at_ms = finding.last_ms + this.recurring.pause_ms(key)
      if (time_ms < at_ms) continue
      this.#open.delete(key)
      this.#tell('closed', at_ms, { ...finding, state: 'closed', until_ms: finding.last_ms })
    }
    this.recurring.tick(time_ms)
  }

  save(): LogFindingsState {
    return [...this.#open.values()].map((f) => ({
      ...f,
      labels: f.labels.toJSON(),
      lower: orNull(f.lower),
      upper: orNull(f.upper),
    }))
  }

  load(saved: LogFindingsState): void {
    this.#open.clear()
    for (const one of saved) {
      const finding: Finding = {
        ...one,
        labels: Labels.of(one.labels),
        lower: one.lower ?? Number.NaN,
        upper: one.upper ?? Number.NaN,
      }
      this.#open.set(`${finding.rule}\u0000${finding.labels.key}`, finding)
    }
  }

  #tell(type: FindingEvent['type'], at_ms: number, finding: Finding): void {
    this.#sink.finding({ type, at_ms, finding })
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

function flappingOf({ returns, since_ms }: LogEpisode): Pick<Finding, 'flapping'> {
  return returns === 0 ? {} : { flapping: { returns, since_ms } }
}

function opened({
  kind,
  rule,
  labels,
  service,
  time_ms,
  score,
  value,
  expected,
  lower,
  upper,
  detail,
  evidence,
}: LogSighting): Finding {
  return {
    id: contentId('f', rule, labels.key, time_ms),
    rule,
    labels,
    metric: 'barograph_log_records_total',
    unit: '{record}',
    service,
    kind,
    direction: 'up',
    since_ms: time_ms,
    last_ms: time_ms,
    peak_score: score,
    value,
    expected,
    lower,
    upper,
    experts: [kind],
    state: 'open',
    evidence,
    severity: 'warning',
    annotations: {},
    detail,
  }
}

function extended(finding: Finding, { time_ms, score, value, expected, lower, upper }: LogSighting): Finding {
  // What came late may lie before.
  const last = { ...finding, last_ms: Math.max(finding.last_ms, time_ms) }
  return score <= finding.peak_score ? last : { ...last, peak_score: score, value, expected, lower, upper }
}
