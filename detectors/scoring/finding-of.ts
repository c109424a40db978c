import type { Finding } from '#core/finding.ts'
import { contentId } from '#core/hash.ts'
import { serviceOf } from '#core/series.ts'

import type { Held } from './flapping.ts'
import type { RowAbout } from './row-table.ts'
import { directionOf, farthestOf, type Run } from './run.ts'
import type { AnomalySpec } from './spec.ts'

export function findingId({ since_ms }: Run, { key, metric, labels }: RowAbout): string {
  return idOf({ metric, labels, since_ms }, key)
}

/** What the id of a finding is where the rule has this key. */
export function idOf(
  { metric, labels, since_ms }: Pick<Finding, 'metric' | 'labels' | 'since_ms'>,
  key: string,
): string {
  return contentId('f', key, metric, labels.key, since_ms)
}

interface FindingContext {
  readonly spec: AnomalySpec
  readonly until_ms?: number
  readonly withdrawn?: true
  readonly flapping: Finding['flapping'] | undefined
}

/** The finding that a run is, as far as it has come. `until_ms` where it is over. */
export function findingOf(
  { run, kind, experts }: Held,
  about: RowAbout,
  { spec, until_ms, withdrawn, flapping }: FindingContext,
): Finding {
  const { value, expected, lower, upper } = farthestOf(run)
  const { severity, annotations } = spec.render({ labels: about.labels, value, expected })
  return {
    id: findingId(run, about),
    rule: about.rule,
    labels: about.labels,
    metric: about.metric,
    unit: about.unit,
    service: serviceOf(about.labels),
    kind,
    direction: directionOf(run),
    since_ms: run.since_ms,
    last_ms: run.last_ms,
    ...(until_ms === undefined ? {} : { until_ms }),
    peak_score: run.peak.score,
    value,
    expected,
    lower,
    upper,
    experts,
    state: until_ms === undefined ? 'open' : 'closed',
    evidence: spec.evidence,
    severity,
    annotations,
    detail: run.peak.detail ?? '',
    ...(run.adopted === true && until_ms !== undefined ? { adopted: true } : {}),
    ...(run.peak.learning === true ? { learning: true } : {}),
    ...(withdrawn === true ? { withdrawn } : {}),
    ...(flapping === undefined ? {} : { flapping }),
  }
}
