import { describe, expect, test } from 'vitest'

import type { Finding } from '#core/finding.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME, type MetricType, type SeriesDefinition } from '#core/series.ts'

import { parseDetector } from '../kinds/registry.ts'
import { ScoringEngine } from './engine.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 0, 5)

/** Next value, of a counter its growth, at an age. */
type Flow = (age_ms: number, step_ms: number) => number

/** Growth by `size` each `period_ms`, nothing between. */
const bursts =
  (period_ms: number, size: () => number): Flow =>
  (age_ms, step_ms) =>
    age_ms % period_ms < step_ms ? size() : 0

/** Climbs, and begins again at the bottom. */
const sawtooth = ({
  from,
  to,
  rise_ms,
  phase,
  random,
}: {
  from: number
  to: number
  rise_ms: number
  phase: number
  random: () => number
}): Flow => {
  let share = phase
  return (_, step_ms) => {
    share += (step_ms / rise_ms) * (0.5 + random())
    if (share > 1) share = 0
    return from + (to - from) * share
  }
}

interface Member {
  readonly metric: string
  readonly type: MetricType
  readonly flow: Flow
}

/** Memory that is collected now and then, each process beginning somewhere on the way. */
function collected(random: () => number): Member[] {
  const rise_ms = (10 + 60 * random()) * MINUTE
  return [
    {
      metric: 'memory_used_bytes',
      type: 'gauge',
      flow: sawtooth({ from: 1e8, to: 9e8, rise_ms, phase: random(), random }),
    },
  ]
}

/** What a server of metrics says of itself, with nothing wrong: told after the Go runtime, a database and a scrape. */
function quietProcess(random: () => number): Member[] {
  const noise = (): number => 2 * random() - 1
  const first_ms = random() * 90 * MINUTE
  const grows_ms = (1 + 20 * random()) * MINUTE
  return [
    { metric: 'metadata_sent_total', type: 'counter', flow: bursts(MINUTE, () => 333) },
    { metric: 'metadata_sent_bytes_total', type: 'counter', flow: bursts(MINUTE, () => 17_000 + 900 * random()) },
    { metric: 'gc_frees_total', type: 'counter', flow: bursts(2 * MINUTE, () => 1e5 * (1 + random())) },
    { metric: 'chunks_mapped_total', type: 'counter', flow: bursts(17 * MINUTE, () => 900) },
    { metric: 'errors_total', type: 'counter', flow: () => 0 },
    { metric: 'queries_total', type: 'counter', flow: (age_ms) => (age_ms < first_ms ? 0 : Math.floor(3 * random())) },
    { metric: 'requests_total', type: 'counter', flow: (_, step_ms) => (step_ms / 1000) * (40 + 4 * noise()) },
    { metric: 'heap_bytes', type: 'gauge', flow: (age_ms) => 40e6 + 4e6 * Math.floor(age_ms / grows_ms) },
    { metric: 'goroutines', type: 'gauge', flow: () => 90 + Math.round(3 * noise()) },
    { metric: 'workers', type: 'gauge', flow: () => 16 },
  ]
}

const everySeries: Matcher[] = [{ name: METRIC_NAME, op: '=~', value: '.+' }]

/** All findings of processes from their first sample on, under the rule over every series. */
function findings(
  { kind, step_ms }: { kind: string; step_ms: number },
  {
    hours,
    change,
    process = quietProcess,
  }: {
    hours: number
    change?: (metric: string, age_ms: number, value: number) => number
    process?: typeof quietProcess
  },
): Finding[] {
  const random = seeded(7)
  const members = Array.from({ length: 40 }, (_, i) =>
    process(random).map((member) => ({ ...member, instance: `${i}`, total: 0 })),
  ).flat()
  const definitions = members.map(({ metric, type, instance }): SeriesDefinition => ({
    labels: Labels.of({ [METRIC_NAME]: metric, service_name: 'shop', instance }),
    type,
    unit: '',
    help: '',
    kind: 'float',
    bounds: new Float64Array(),
  }))
  const found: Finding[] = []
  const engine = new ScoringEngine({
    definition: (id) => definitions[id]!,
    sink: { finding: ({ type, finding }) => void (type === 'opened' && found.push(finding)) },
    log: silentLog,
    meter: silentMeter,
  })
  engine.setRules([
    {
      key: 'every-series/EverySeries',
      name: 'EverySeries',
      detector: parseDetector(kind),
      direction: 'both',
      budget_per_week: 140,
      evidence: true,
      for_ms: 0,
      interval_ms: MINUTE,
      plain: everySeries,
      render: () => ({ severity: 'warning', annotations: {} }),
    },
  ])
  const samples = new SampleBuilder()
  for (let age_ms = 0; age_ms < hours * HOUR; age_ms += step_ms) {
    samples.clear()
    for (const [id, member] of members.entries()) {
      const plain = member.flow(age_ms, step_ms)
      const value = member.instance === '0' ? (change?.(member.metric, age_ms, plain) ?? plain) : plain
      member.total += value
      samples.float(id, START + age_ms, member.type === 'counter' ? member.total : value)
    }
    engine.samples(samples.batch(), new Uint8Array(samples.length).fill(1))
    engine.tick(START + age_ms)
  }
  return found
}

const age = ({ since_ms }: Finding): number => (since_ms - START) / MINUTE

const CASES = ['rolling', 'auto'].flatMap((kind) => [5, 15, 60].map((seconds) => ({ kind, seconds })))

describe.each(CASES)('processes seen for the first time by $kind, a sample every $seconds s', ({ kind, seconds }) => {
  const watched = { kind, step_ms: seconds * SECOND }

  test('say nothing in their first quarter of an hour and next to nothing in their first hour', () => {
    const found = findings(watched, { hours: 1 })
    expect(found.filter((finding) => age(finding) < 15).map(({ metric }) => metric)).toEqual([])
    expect(found.length).toBeLessThanOrEqual(2)
  })

  // `rolling` tells one in a dozen.
  test.runIf(kind === 'auto')('say nothing of memory that climbs and is collected', () => {
    expect(findings(watched, { hours: 1, process: collected }).map(age)).toEqual([])
  })

  test('are heard where one has ten times as many requests after twenty minutes, and no workers after forty', () => {
    const found = findings(watched, {
      hours: 0.75,
      change: (metric, age_ms, value) =>
        metric === 'requests_total' && age_ms >= 20 * MINUTE && age_ms < 25 * MINUTE
          ? 10 * value
          : metric === 'workers' && age_ms >= 40 * MINUTE
            ? 0
            : value,
    })
    const first = found.filter(({ labels }) => labels.get('instance') === '0')
    expect(first.map((finding) => `${finding.metric} ${Math.floor(age(finding))}`)).toEqual(
      expect.arrayContaining(['requests_total 20', 'workers 40']),
    )
    for (const { lower, expected } of found) expect(Math.min(lower, expected)).toBeGreaterThanOrEqual(0)
  })

  test.runIf(kind === 'auto')(
    'are heard where requests fall to nothing after a quarter of an hour, at once as new ones',
    () => {
      const found = findings(watched, {
        hours: 0.35,
        change: (metric, age_ms, value) => (metric === 'requests_total' && age_ms >= 15 * MINUTE ? 0 : value),
      }).filter(({ metric }) => metric === 'requests_total')
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ learning: true, direction: 'down', experts: ['below all', expect.any(String)] })
      expect(age(found[0]!)).toBeCloseTo(15, 5)
      expect(found[0]!.lower).toBeGreaterThan(30)
    },
  )

  test('are heard where errors come to one that had none for two hours and a half, not to one that is six minutes old', () => {
    const errors = (from_ms: number) =>
      findings(watched, {
        hours: from_ms / HOUR + 0.1,
        change: (metric, age_ms, value) => (metric === 'errors_total' && age_ms >= from_ms ? seconds * 5 : value),
      }).filter(({ metric }) => metric === 'errors_total')
    expect(errors(2.5 * HOUR)).toHaveLength(1)
    expect(errors(0.1 * HOUR)).toEqual([])
  })
})
