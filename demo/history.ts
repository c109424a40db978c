import { seeded } from '#core/random.ts'

import { load, median_ms, type Service, SERVICES, shareBelow } from './shop.ts'

const MINUTE_MS = 60_000
/** Bounds of `http.server.request.duration`, s, as the semantic conventions advise. */
export const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Minutes in one request: about 1 MB of JSON. */
const CHUNK = 480

const nano = (time_ms: number): string => `${time_ms}000000`
const text = (key: string, value: string) => ({ key, value: { stringValue: value } })

export const resourceOf = (service: string): Record<string, string> => ({
  'service.name': service,
  'service.namespace': 'shop',
  'service.instance.id': `${service}-1`,
})

/** Running totals of one service's histogram. */
class Totals {
  readonly #buckets = Array.from({ length: BOUNDS.length + 1 }, () => 0)
  #sum = 0

  add(requests: number, median: number): void {
    let below = 0
    for (const [i, bound] of [...BOUNDS, Infinity].entries()) {
      const share = shareBelow(bound, median)
      this.#buckets[i]! += requests * (share - below)
      below = share
    }
    this.#sum += (requests * median * 1.06) / 1000
  }

  point(service: Service, time_ms: number, start_ms: number) {
    const counts = this.#buckets.map(Math.floor)
    return {
      attributes: [
        text('http.request.method', 'GET'),
        text('http.route', service.route),
        { key: 'http.response.status_code', value: { intValue: 200 } },
      ],
      startTimeUnixNano: nano(start_ms),
      timeUnixNano: nano(time_ms),
      count: counts.reduce((sum, count) => sum + count, 0),
      sum: this.#sum,
      bucketCounts: counts,
      explicitBounds: BOUNDS,
    }
  }
}

/** `days` of the shop up to `now_ms`, a point a minute and service, as OTLP/JSON metric requests in order of time. */
export function* history(now_ms: number, days: number): Generator<{ readonly done: number; readonly body: string }> {
  const random = seeded(20)
  const minutes = days * 1440
  const start_ms = now_ms - minutes * MINUTE_MS
  const totals = SERVICES.map(() => new Totals())
  for (let from = 1; from <= minutes; from += CHUNK) {
    const points: ReturnType<Totals['point']>[][] = SERVICES.map(() => [])
    for (let minute = from; minute < Math.min(from + CHUNK, minutes + 1); minute++) {
      const time_ms = start_ms + minute * MINUTE_MS
      const rps = load(time_ms, now_ms) * (0.95 + 0.1 * random())
      for (const [i, service] of SERVICES.entries()) {
        totals[i]!.add(rps * 60 * service.share, median_ms(service.name) * (0.97 + 0.06 * random()))
        points[i]!.push(totals[i]!.point(service, time_ms, start_ms))
      }
    }
    yield {
      done: Math.min(1, (from + CHUNK) / minutes),
      body: JSON.stringify({ resourceMetrics: SERVICES.map((service, i) => metrics(service, points[i]!)) }),
    }
  }
}

function metrics(service: Service, dataPoints: readonly unknown[]) {
  return {
    resource: { attributes: Object.entries(resourceOf(service.name)).map(([key, value]) => text(key, value)) },
    scopeMetrics: [
      {
        scope: { name: 'shop' },
        metrics: [
          { name: 'http.server.request.duration', unit: 's', histogram: { aggregationTemporality: 2, dataPoints } },
        ],
      },
    ],
  }
}
