import type { LogCount, LogDetectorKind, LogSighting } from './log-finding.ts'

/** Of a service that was just heard of everything is new. */
const LEARN_MS = 600_000

/** A kind of error line that a known service never wrote before. Evidence: it explains an incident and opens none. */
export const newTemplate: LogDetectorKind = {
  name: 'new_template',
  create: () => ({
    minute: (_, counts) => newOf(counts),
    // Evidence as it is.
    late: (_, counts) => newOf(counts),
    forget() {},
    save: () => null,
    load() {},
  }),
}

function newOf(counts: readonly LogCount[]): LogSighting[] {
  return counts
    .filter(
      ({ isNew, level, time_ms, service_since_ms }) =>
        isNew && (level === 'error' || level === 'fatal') && time_ms - service_since_ms >= LEARN_MS,
    )
    .map(({ labels, service, template, time_ms, count }) => ({
      kind: 'new_template',
      rule: 'NewErrorTemplate',
      labels: labels.with('template', template.slice(0, 200).toWellFormed()),
      service,
      time_ms,
      score: 1,
      value: count,
      expected: 0,
      lower: Number.NaN,
      upper: Number.NaN,
      detail: template,
      evidence: true,
    }))
}
