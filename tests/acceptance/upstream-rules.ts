// The same rules over the same samples twice: here on local data, there on an upstream that has them.
import { setTimeout as sleep } from 'node:timers/promises'

import { snappy, version1, type WrittenSeries } from '../../collector/testing/remote-write.fixture.ts'
import { type Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'

export const STEP = 15 * SECOND
/** The fault of one job falls into the time in which the upstream is away. */
export const AWAY = { from_minute: 12, to_minute: 17 } as const
const FAULTS = [
  { job: 'job-3', from_minute: 8, to_minute: 20, factor: 12 },
  { job: 'job-1', from_minute: 27, to_minute: 34, factor: 10 },
] as const

export function rulesText(datasource?: string): string {
  const where = datasource === undefined ? '' : `    datasource: ${datasource}\n`
  return `
groups:
  - name: tests
    interval: 15s
${where}    rules:
      - record: job:queue_length:sum
        expr: sum by (job) (queue_length)
      - alert: QueueLong
        expr: queue_length > 400
        for: 1m
        annotations: { summary: "{{ $labels.job }} {{ $labels.instance }}: {{ $value }}" }
      - alert: JobQueueLong # of what is recorded
        expr: job:queue_length:sum > 20 * 400
      - alert: NobodyReports
        expr: absent(queue_length)
      - anomaly: QueueUnusual
        expr: avg by (job) (queue_length)
        budget: 10/day
      - anomaly: RateUnusual # some requests of each job
        expr: sum by (job) (rate(requests_total[2m]))
        budget: 10/day
  - name: slower
    interval: 1m
${where}    rules:
      - anomaly: WorstUnusual
        expr: max by (job) (queue_length) # a comment ends it
        budget: 10/day
      - alert: Always
        expr: vector(1)
`
}

const noise = (series: number, step: number): number => {
  const wave = Math.sin(step * 12.9898 + series * 78.233) * 43_758.5453
  return wave - Math.floor(wave)
}

function factorAt(job: string, time_ms: number): number {
  const minute = (time_ms - BEGIN) / MINUTE
  return FAULTS.find((one) => one.job === job && minute >= one.from_minute && minute < one.to_minute)?.factor ?? 1
}

/** `count` series of five jobs: queues as gauges, requests as counters. */
export class Samples {
  readonly #labels: WrittenSeries['labels'][] = []
  readonly #counters: Float64Array

  constructor(count: number) {
    for (let i = 0; i < count; i++) {
      const name = i % 2 === 0 ? 'queue_length' : 'requests_total'
      this.#labels.push([
        ['__name__', name],
        ['instance', `instance-${i >> 1}`],
        ['job', `job-${(i >> 1) % 5}`],
      ])
    }
    this.#counters = new Float64Array(count)
  }

  /** The samples of the steps after `from_ms` up to `to_ms`, as a body of remote write. Times must be asked in order. */
  body(from_ms: number, to_ms: number): Uint8Array<ArrayBuffer> {
    const series = this.#labels.map((labels, i) => ({ labels, samples: this.#of(labels[2]![1], i, from_ms, to_ms) }))
    return snappy(version1(series))
  }

  #of(job: string, i: number, from_ms: number, to_ms: number) {
    const samples: { value: number; timestamp: number }[] = []
    for (let time_ms = from_ms + STEP; time_ms <= to_ms; time_ms += STEP) {
      const level = (50 + 10 * noise(i, time_ms / STEP)) * factorAt(job, time_ms)
      if (i % 2 === 1) this.#counters[i]! += Math.round(level)
      samples.push({ value: i % 2 === 1 ? this.#counters[i]! : level, timestamp: time_ms })
    }
    return samples
  }
}

export async function write(url: string, body: Uint8Array<ArrayBuffer>, path = '/api/v1/write'): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${url}${path}`, { method: 'POST', body, headers })
    if (response.ok) return
    // Senders are told to come again while history is looked at.
    if (response.status !== 503 || tries > 100) throw new Error(`${response.status}: ${await response.text()}`)
    await sleep(20)
  }
}

/** Moves the clock second by second; what upstreams are asked is answered in real time, and waited for. */
export async function passAsking(barograph: Barograph, ms: number): Promise<void> {
  const end_ms = barograph.now_ms + ms
  while (barograph.now_ms < end_ms) {
    await barograph.pass(Math.min(SECOND, end_ms - barograph.now_ms))
    const idle = { is: false }
    void barograph.service.upstreams.idle().then(() => (idle.is = true))
    await new Promise((resolve) => setImmediate(resolve))
    // Queries are paced by the clock.
    while (!idle.is && barograph.now_ms < end_ms) {
      barograph.clock.advanceTo(barograph.now_ms + 1)
      await sleep(1)
    }
  }
}

interface Matrix {
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] }
}

/** What came of the rules from `from_ms` on, in a form that can be compared. */
export async function outcome(barograph: Barograph, from_ms: number, to_ms: number) {
  const range = { start: String(from_ms / 1000), end: String(to_ms / 1000), step: '15' }
  const asked = async (query: string) => {
    const parameters = new URLSearchParams({ query, ...range })
    const { data } = await barograph.get<Matrix>(`/api/v1/query_range?${parameters.toString()}`)
    return Object.fromEntries(data.result.map(({ metric, values }) => [JSON.stringify(metric), values]))
  }
  const { findings } = await barograph.get<{ findings: { id: string }[] }>('/api/v1/findings?limit=1000')
  const { incidents } = await barograph.get<{ incidents: object[] }>('/api/v1/incidents?limit=1000')
  return {
    alerts: await asked('ALERTS'),
    // That one is active since someone looks.
    since: await asked('ALERTS_FOR_STATE{alertname!="Always"}'),
    recorded: await asked('job:queue_length:sum'),
    scores: await asked('barograph_score'),
    findings: findings.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    incidents: incidents.length,
  }
}
