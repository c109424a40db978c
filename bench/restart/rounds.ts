// Rounds of samples that are the same whoever takes them, and what a process knows behind them.
import { createHash } from 'node:crypto'

import type { Signals } from '#core/ports/decoder.ts'
import type { SamplesInput } from '#core/ports/intake.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import type { Barograph } from '../../tests/acceptance/barograph.ts'

/** All series as evidence, and one metric in fifty with its bands, which are series of their own. */
export const rulesOf = (detector: string): string => `
groups:
  - name: bench
    rules:
      - { anomaly: All, expr: '{__name__=~"bench_.*"}', detector: ${detector}, evidence: true }
      - { anomaly: Some, expr: bench_metric_0, detector: ${detector} }
`
export const ROUND_MS = 15_000
const BODY = 2000

/** What all lives of a story have in common. */
export interface Story {
  readonly data: string
  readonly series: number
  readonly detector: string
  /** Of round 0. */
  readonly begin_ms: number
}

function definitionOf(i: number): SeriesDefinition {
  const labels = Labels.of({
    __name__: `bench_metric_${i % 50}`,
    service_name: `service-${Math.floor(i / 50) % 200}`,
    k8s_pod_name: `pod-${Math.floor(i / 50)}`,
    region: `region-${i % 4}`,
  })
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

/** Every series once, in bodies; values depend on series and round alone, whichever bodies are left out. */
export class Rounds {
  readonly #ids: SeriesId[] = []
  readonly #series: number
  readonly #builder = new SampleBuilder()

  constructor(series: number) {
    this.#series = series
  }

  *bodies(round: number, time_ms: number): Generator<SamplesInput, void> {
    for (let from = 0; from < this.#series; from += BODY) {
      const decode = (writer: SeriesWriter) => this.#decode(from, round, time_ms, writer)
      yield { kind: 'samples', source: 'bench', decode }
    }
  }

  *#decode(from: number, round: number, time_ms: number, writer: SeriesWriter): Steps<Signals> {
    const random = seeded(round * this.#series + from + 1)
    this.#builder.clear()
    for (let i = from; i < Math.min(from + BODY, this.#series); i++) {
      const id = (this.#ids[i] ??= writer.resolve(definitionOf(i)))
      this.#builder.float(id, time_ms, Math.round((i % 100) * 10 + random() * 200) / 10)
    }
    yield
    return { samples: this.#builder.batch(), logs: [], spans: [], rejected: 0, message: '' }
  }
}

/** What a process knows, each part by its hash: the newest scores, the findings, the state of detectors, and what the store holds since `from_ms`. */
export function partsOf({ service }: Barograph, from_ms = -Infinity): Readonly<Record<string, string>> {
  const { detectors, store } = service.engine
  const scores = createHash('sha256')
  for (const { labels, time_ms, value, verdict } of detectors.scores.newest(10_000_000)) {
    const { score, expected, lower, upper } = verdict
    scores.update(labels.key).update(Float64Array.of(time_ms, value, score, expected, lower, upper))
  }
  const findings = createHash('sha256').update(JSON.stringify(detectors.findings.list({ limit: 10_000 })))
  const samples = createHash('sha256')
  for (const { labels, time_ms, value } of store.select([], { from_ms, to_ms: Infinity })) {
    samples.update(labels.key).update(time_ms).update(value)
  }
  // Of rules that are mere evidence the scores are not kept; what the detectors know decides the next ones.
  const states = detectors.snapshots.map((snapshot) => [
    snapshot.name,
    createHash('sha256').update(snapshot.save()).digest('hex').slice(0, 16),
  ])
  const hashes = { scores, findings, samples }
  return {
    ...Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [name, hash.digest('hex').slice(0, 16)])),
    ...Object.fromEntries(states),
  }
}

/** One hash of all that. */
export function hashOf(barograph: Barograph): string {
  return createHash('sha256')
    .update(JSON.stringify(partsOf(barograph)))
    .digest('hex')
    .slice(0, 16)
}
