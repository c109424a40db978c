import { seeded } from '#core/random.ts'

/** Seconds that a request to payments takes. */
export const CALM_S = 0.02
export const SLOW_S = 0.6
/** Bounds of the histogram, s. */
export const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
export const ATTRIBUTES = { 'http.request.method': 'GET', 'http.route': '/' }

const STEP_MS = 5000
const REQUESTS_A_STEP = 100
/** Steps in one request. */
const CHUNK = 120

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
const nano = (time_ms: number): string => `${time_ms}000000`

/** What both services of `sdk-program.ts` would have sent in the minutes before `end_ms`, a point every five seconds, as OTLP/JSON. */
export function sdkHistory(end_ms: number, minutes: number): object[] {
  const random = seeded(5)
  const steps = (minutes * 60_000) / STEP_MS
  const start_ms = end_ms - steps * STEP_MS
  const sums = { checkout: 0, payments: 0 }
  const bodies: object[] = []
  for (let from = 1; from <= steps; from += CHUNK) {
    const points = { checkout: [] as object[], payments: [] as object[] }
    for (let step = from; step < Math.min(from + CHUNK, steps + 1); step++) {
      const seconds = CALM_S * (0.97 + 0.06 * random())
      for (const [service, more] of [['payments', 0] as const, ['checkout', 0.005] as const]) {
        sums[service] += REQUESTS_A_STEP * (seconds + more)
        points[service].push(pointOf(sums[service], step * REQUESTS_A_STEP, start_ms, start_ms + step * STEP_MS))
      }
    }
    bodies.push({
      resourceMetrics: (['checkout', 'payments'] as const).map((service) => metricsOf(service, points[service])),
    })
  }
  return bodies
}

/** All requests fall into the bucket up to 50 ms. */
function pointOf(sum: number, count: number, start_ms: number, time_ms: number): object {
  const bucketCounts = [...BOUNDS, Infinity].map((bound) => (bound === 0.05 ? count : 0))
  const attributes = Object.entries(ATTRIBUTES).map(([key, value]) => text(key, value))
  const times = { startTimeUnixNano: nano(start_ms), timeUnixNano: nano(time_ms) }
  return { attributes, ...times, count, sum, bucketCounts, explicitBounds: BOUNDS }
}

function metricsOf(service: string, dataPoints: readonly object[]): object {
  const histogram = { aggregationTemporality: 2, dataPoints }
  return {
    resource: { attributes: [text('service.name', service), text('service.instance.id', `${service}-1`)] },
    scopeMetrics: [
      { scope: { name: 'shop' }, metrics: [{ name: 'http.server.request.duration', unit: 's', histogram }] },
    ],
  }
}
