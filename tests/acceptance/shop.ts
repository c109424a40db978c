import { seeded } from '#core/random.ts'

/** All that keeps state over a gauge `level`: a detector, a recording, an alert. */
export const LEVEL_RULES = `
groups:
  - name: tests
    interval: 5s
    rules:
      - { anomaly: Unusual, expr: level, detector: { kind: band, method: ewma, window: 15m } }
      - { record: level:sum, expr: sum(level) }
      - { alert: High, expr: level > 130, for: 5s }
`

const nano = (time_ms: number): string => `${Math.round(time_ms)}000000`
const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
const resource = (service: string) => ({ attributes: [text('service.name', service)] })

/** One gauge point for each service, as an OTLP/JSON request. */
export function gauges(name: string, unit: string, time_ms: number, values: Readonly<Record<string, number>>) {
  return {
    resourceMetrics: Object.entries(values).map(([service, value]) => ({
      resource: resource(service),
      scopeMetrics: [
        {
          scope: { name: 'test' },
          metrics: [{ name, unit, gauge: { dataPoints: [{ timeUnixNano: nano(time_ms), asDouble: value }] } }],
        },
      ],
    })),
  }
}

/** What was counted in the time up to `time_ms`, as deltas: a sum, a histogram and an exponential histogram. */
export function deltas(time_ms: number, interval_ms: number, count: number) {
  const point = { startTimeUnixNano: nano(time_ms - interval_ms), timeUnixNano: nano(time_ms), attributes: [] }
  const counted = { ...point, count: count + 1, sum: count / 2 }
  const histogram = { ...counted, explicitBounds: [1], bucketCounts: [count, 1] }
  // Windows that move, so that samples are in rows of several shapes.
  const exponential = { ...counted, scale: 4, zeroCount: 1, positive: { offset: count * 9, bucketCounts: [count] } }
  const told = { aggregationTemporality: 1, isMonotonic: true }
  const metrics = [
    { name: 'orders', sum: { ...told, dataPoints: [{ ...point, asDouble: count }] } },
    { name: 'order.size', histogram: { aggregationTemporality: 1, dataPoints: [histogram] } },
    { name: 'order.price', exponentialHistogram: { aggregationTemporality: 1, dataPoints: [exponential] } },
  ]
  return { resourceMetrics: [{ resource: resource('cart'), scopeMetrics: [{ scope: { name: 'test' }, metrics }] }] }
}

/** Spans of one request that goes from service to service, as an OTLP/JSON request. */
export function trace(id: number, time_ms: number, path: readonly string[]) {
  const traceId = id.toString(16).padStart(32, '0')
  const span = (n: number): string => (id * 100 + n).toString(16).padStart(16, '0')
  return {
    resourceSpans: path.map((service, i) => ({
      resource: resource(service),
      scopeSpans: [
        {
          scope: { name: 'test' },
          spans: [
            {
              traceId,
              spanId: span(2 * i),
              parentSpanId: i === 0 ? '' : span(2 * i - 1),
              name: 'serve',
              kind: 2,
              startTimeUnixNano: nano(time_ms),
              endTimeUnixNano: nano(time_ms + 50),
            },
            ...(i === path.length - 1
              ? []
              : [
                  {
                    traceId,
                    spanId: span(2 * i + 1),
                    parentSpanId: span(2 * i),
                    name: 'call',
                    kind: 3,
                    startTimeUnixNano: nano(time_ms + 1),
                    endTimeUnixNano: nano(time_ms + 49),
                  },
                ]),
          ],
        },
      ],
    })),
  }
}

/** Log records of one service, as an OTLP/JSON request. */
export function logs(service: string, time_ms: number, severity: number, bodies: readonly string[]) {
  return {
    resourceLogs: [
      {
        resource: resource(service),
        scopeLogs: [
          {
            scope: { name: 'test' },
            logRecords: bodies.map((body) => ({
              timeUnixNano: nano(time_ms),
              severityNumber: severity,
              body: { stringValue: body },
            })),
          },
        ],
      },
    ],
  }
}

/** Latency in seconds of four services in a row; slow where the database is. */
export class Latencies {
  readonly #random = seeded(11)
  slow = false

  at(): Record<string, number> {
    const noise = (): number => 1 + 0.1 * (this.#random() + this.#random() - 1)
    const database = 0.008 * noise() * (this.slow ? 40 : 1)
    return {
      'payments-db': database,
      payments: 0.02 * noise() + database,
      checkout: 0.03 * noise() + database,
      catalog: 0.01 * noise(),
    }
  }
}
