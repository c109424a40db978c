import { seeded } from '#core/random.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const SERVICES = ['web', 'checkout', 'payments', 'catalog'] as const

/** From minute to minute, counted from the end of the history; both from 0 on. */
export interface Fault {
  readonly service: (typeof SERVICES)[number]
  readonly from_minute: number
  readonly to_minute: number
}

export interface HistoryOptions {
  /** The last sample is one minute before. */
  readonly end_ms: number
  readonly days: number
  /** Requests of the service take twenty times as long. */
  readonly faults: readonly Fault[]
}

/** One series: what is said of its metric, and all of its points as OTLP/JSON has them, in order of time. */
export interface HistorySeries {
  readonly service: string
  readonly host: string
  readonly name: string
  readonly unit: string
  readonly data: 'gauge' | 'sum' | 'histogram'
  readonly points: readonly object[]
}

type Attributes = Readonly<Record<string, string>>

interface Moment {
  readonly time_ms: number
  readonly timeUnixNano: string
  readonly startTimeUnixNano: string
  /** 0 at night … 1 at noon. */
  readonly day: number
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
const list = (attributes: Attributes) => Object.entries(attributes).map(([key, value]) => text(key, value))

/** Thirty series of four services and two hosts, a point a minute: daily waves with noise, counters, histograms. */
export class History {
  readonly series: HistorySeries[] = []
  readonly #random = seeded(7)
  readonly #moments: Moment[] = []
  readonly #slow: (service: string, time_ms: number) => boolean

  constructor({ end_ms, days, faults }: HistoryOptions) {
    const begin_ms = end_ms - days * DAY
    for (let time_ms = begin_ms; time_ms < end_ms; time_ms += MINUTE) {
      const day = 0.5 - 0.5 * Math.cos((2 * Math.PI * (time_ms % DAY)) / DAY)
      this.#moments.push({ time_ms, day, timeUnixNano: `${time_ms}000000`, startTimeUnixNano: `${begin_ms}000000` })
    }
    this.#slow = (service, time_ms) => {
      const minute = (end_ms - time_ms) / MINUTE
      return faults.some((one) => one.service === service && minute <= one.from_minute && minute > one.to_minute)
    }
    for (const service of SERVICES) this.#service(service)
    for (const host of ['host-1', 'host-2']) this.#host(host)
  }

  get points(): number {
    return this.series.reduce((sum, { points }) => sum + points.length, 0)
  }

  /** One request a span of time, each with every series. */
  *chunks(minutes: number): Generator<object> {
    for (let at = 0; at < this.#moments.length; at += minutes) {
      yield request(this.series.map((one) => ({ ...one, points: one.points.slice(at, at + minutes) })))
    }
  }

  /** One request a series, with all of it; of those services that are named, or all. */
  *perSeries(services?: readonly string[]): Generator<object> {
    for (const one of this.series) if (services?.includes(one.service) !== false) yield request([one])
  }

  #service(service: string): void {
    const size = { service, host: `${service}-1` }
    this.#requests(size, '200', (day) => 40 + 200 * day)
    this.#requests(size, '500', (day) => 0.5 + day)
    this.#gauge({ ...size, name: 'queue.length', unit: '{message}' }, {}, (day) => 5 + 20 * day)
    this.#gauge({ ...size, name: 'process.memory.usage', unit: 'By' }, {}, (day) => 2e8 + 5e7 * day)
    this.#counter({ ...size, name: 'orders.placed', unit: '{order}' }, {}, (day) => 3 + 12 * day)
  }

  #host(host: string): void {
    const size = { service: 'node', host }
    const states: readonly [string, (day: number) => number][] = [
      ['idle', (day) => 60 - 40 * day],
      ['user', (day) => 40 * day],
    ]
    for (const [state, seconds] of states) {
      this.#counter({ ...size, name: 'system.cpu.time', unit: 's' }, { state, cpu: '0' }, seconds)
    }
    this.#gauge({ ...size, name: 'system.memory.usage', unit: 'By' }, { state: 'used' }, (day) => 4e9 + 1e9 * day)
    this.#gauge({ ...size, name: 'system.memory.usage', unit: 'By' }, { state: 'free' }, (day) => 4e9 - 1e9 * day)
    this.#gauge({ ...size, name: 'system.load', unit: '1' }, {}, (day) => 0.2 + 2 * day)
  }

  #noise(): number {
    return this.#random() + this.#random() - 1
  }

  #gauge(
    head: Pick<HistorySeries, 'service' | 'host' | 'name' | 'unit'>,
    attributes: Attributes,
    level: (day: number) => number,
  ): void {
    const points = this.#moments.map(({ day, timeUnixNano }) => ({
      attributes: list(attributes),
      timeUnixNano,
      asDouble: level(day) * (1 + 0.1 * this.#noise()),
    }))
    this.series.push({ ...head, data: 'gauge', points })
  }

  #counter(
    head: Pick<HistorySeries, 'service' | 'host' | 'name' | 'unit'>,
    attributes: Attributes,
    aMinute: (day: number) => number,
  ): void {
    let sum = 0
    const points = this.#moments.map(({ day, timeUnixNano, startTimeUnixNano }) => {
      sum += aMinute(day) * (1 + 0.1 * this.#noise())
      return { attributes: list(attributes), timeUnixNano, startTimeUnixNano, asDouble: sum }
    })
    this.series.push({ ...head, data: 'sum', points })
  }

  /** Latencies of a minute's requests: around 50 ms, a second while it is slow. */
  #requests(head: { service: string; host: string }, code: string, aMinute: (day: number) => number): void {
    const buckets = Array.from({ length: BOUNDS.length + 1 }, () => 0)
    let [sum, count] = [0, 0]
    const attributes = list({ 'http.request.method': 'GET', 'http.response.status_code': code })
    const points = this.#moments.map(({ time_ms, day, timeUnixNano, startTimeUnixNano }) => {
      const requests = Math.round(aMinute(day) * (1 + 0.1 * this.#noise()))
      const factor = this.#slow(head.service, time_ms) ? 20 : 1
      for (let i = 0; i < requests; i++) {
        const seconds = 0.05 * factor * Math.exp(0.6 * this.#noise())
        const at = BOUNDS.findIndex((bound) => seconds <= bound)
        buckets[at === -1 ? BOUNDS.length : at]!++
        sum += seconds
      }
      count += requests
      const bucketCounts = buckets.map(String)
      return {
        attributes,
        timeUnixNano,
        startTimeUnixNano,
        count: String(count),
        sum,
        explicitBounds: BOUNDS,
        bucketCounts,
      }
    })
    this.series.push({ ...head, name: 'http.server.request.duration', unit: 's', data: 'histogram', points })
  }
}

/** An OTLP/JSON request with a metric for each series. */
function request(series: readonly HistorySeries[]): object {
  return {
    resourceMetrics: series.map(({ service, host, name, unit, data, points }) => ({
      resource: {
        attributes: [text('service.name', service), text('service.instance.id', host), text('host.name', host)],
      },
      scopeMetrics: [
        {
          scope: { name: 'test' },
          metrics: [
            {
              name,
              unit,
              [data]: {
                ...(data !== 'gauge' && { aggregationTemporality: 2 }),
                ...(data === 'sum' && { isMonotonic: true }),
                dataPoints: points,
              },
            },
          ],
        },
      ],
    })),
  }
}
