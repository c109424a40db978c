import { Gauge, Registry } from 'prom-client'

import { ServiceError } from '#core/errors.ts'
import type { Hint } from '#core/hint.ts'
import type { HintReader } from '#core/ports/hints.ts'
import type { ScoreReader } from '#core/ports/scores.ts'

export interface ResultSources {
  readonly scores: ScoreReader
  readonly hints: HintReader
  /** `limits.exposed_series`: a scrape is not the place for everything. */
  readonly limit: number
}

interface Row {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The newest score, band and wanted replicas, for a stock Prometheus to scrape. Text format 0.0.4. */
export async function resultsText({ scores, hints, limit }: ResultSources): Promise<string> {
  const registry = new Registry()
  const scored = scores.newest(limit).map(({ rule, metric, labels, verdict }) => ({
    labels: { ...escaped(labels.toJSON()), rule, ...(metric !== '' && { metric }) },
    verdict,
  }))
  const rows = (pick: (verdict: (typeof scored)[number]['verdict']) => number): Row[] =>
    scored.map(({ labels, verdict }) => ({ labels, value: pick(verdict) }))
  gauge(
    registry,
    'barograph_score',
    'How unusual the newest value is; anomalous from 1',
    rows(({ score }) => score),
  )
  gauge(
    registry,
    'barograph_expected',
    'The value that was expected',
    rows(({ expected }) => expected),
  )
  gauge(
    registry,
    'barograph_lower',
    'Lower end of the band',
    rows(({ lower }) => lower),
  )
  gauge(
    registry,
    'barograph_upper',
    'Upper end of the band',
    rows(({ upper }) => upper),
  )
  gauge(
    registry,
    'barograph_replicas',
    'Replicas by scaling policy',
    hints.policies().flatMap((policy) => replicas(hints, policy)),
  )
  return registry.metrics()
}

/** A policy without a hint, or with a stale one, is left out: never a made-up 0. */
function replicas(hints: HintReader, policy: string): Row[] {
  let hint: Hint
  try {
    hint = hints.hint(policy)
  } catch (error) {
    if (error instanceof ServiceError) return []
    throw error
  }
  const { value, needed_now, min, max } = hint
  return Object.entries({ wanted: value, needed_now, min, max }).map(([kind, replicasOf]) => ({
    labels: { policy, kind },
    value: replicasOf,
  }))
}

/**
 * Names as Prometheus' `escaping=underscores` has them, for text format 0.0.4 knows no others. Left out, series that differ in nothing
 * else would be one; where two become the same name, their values are joined.
 */
function escaped(labels: Readonly<Record<string, string>>): Record<string, string> {
  const out = new Map<string, string>()
  for (const [name, value] of Object.entries(labels)) {
    const plain = name.replaceAll(/\W/gu, '_').replace(/^\d/, '_$&')
    const other = out.get(plain)
    out.set(plain, other === undefined ? value : `${other};${value}`)
  }
  return Object.fromEntries(out)
}

/** Series of one gauge may have different labels: prom-client wants to know all names beforehand. */
function gauge(registry: Registry, name: string, help: string, rows: readonly Row[]): void {
  const labelNames = [...new Set(rows.flatMap(({ labels }) => Object.keys(labels)))]
  const out = new Gauge({ name, help, labelNames, registers: [registry] })
  for (const { labels, value } of rows) {
    if (!Number.isNaN(value)) out.set(labels, value)
  }
}
