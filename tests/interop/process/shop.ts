// Fifty minutes of a small shop up to now, whose database has been slow for the last three: the same for everybody who is told the same time.
import { gauges, Latencies, logs, trace } from '../../acceptance/shop.ts'

const STEP_MS = 10_000
const STEPS = 300
const SLOW_STEPS = 18
/** The error shows a while after the latency does. */
const COMPLAINTS = 10

export const SHOP_RULES = `
groups:
  - name: shop
    interval: 10s
    rules:
      - anomaly: LatencyUnusual
        expr: latency_seconds
        direction: up
        for: 30s
        labels: {severity: critical}
      - alert: CheckoutSlow
        expr: latency_seconds{service_name="checkout"} > 0.2
        for: 1m30s
        labels: {severity: critical}
`

export const SIGNALS = ['traces', 'metrics', 'logs'] as const

export type Signal = (typeof SIGNALS)[number]

export interface Shop {
  readonly end_ms: number
  /** Number of points of each series. */
  readonly steps: number
  /** OTLP/JSON requests of each signal, a step each; the logs in one, since they are counted in the minute in which they come. */
  readonly requests: Readonly<Record<Signal, readonly object[]>>
  /** Sum of the values of each service. */
  readonly sums: Readonly<Record<string, number>>
}

/** `now_ms`: the last step is the newest multiple of ten seconds before it. */
export function shopUntil(now_ms: number): Shop {
  const end_ms = Math.floor(now_ms / STEP_MS) * STEP_MS
  const latencies = new Latencies()
  const requests: Record<Signal, object[]> = { traces: [], metrics: [], logs: [] }
  const records: object[] = []
  const sums: Record<string, number> = {}
  for (let step = STEPS - 1; step >= 0; step--) {
    const time_ms = end_ms - step * STEP_MS
    latencies.slow = step < SLOW_STEPS
    const values = latencies.at()
    for (const [service, value] of Object.entries(values)) sums[service] = (sums[service] ?? 0) + value
    requests.metrics.push(gauges('latency', 's', time_ms, values))
    requests.traces.push(trace(time_ms / 1000, time_ms, ['checkout', 'payments', 'payments-db']))
    const complains = step < COMPLAINTS
    const said = complains ? `statement took ${step + 300} ms: sequential scan` : 'statement done'
    records.push(...logs('payments-db', time_ms, complains ? 17 : 9, [said]).resourceLogs)
  }
  requests.logs.push({ resourceLogs: records })
  return { end_ms, steps: STEPS, requests, sums }
}
