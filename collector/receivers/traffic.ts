import type { SignalKind } from '#core/ports/intake.ts'
import type { Meter } from '#core/ports/meter.ts'

/** What came in at a receiver. */
export interface Traffic {
  /** `outcome`: `ok`, the stable code of an error, or `http_STATUS`; `signal` is `none` where a request was for no signal. */
  request(signal: SignalKind | 'none', outcome: string): void
  /** As they came over the wire. */
  bytes(signal: SignalKind, count: number): void
}

export function createTraffic(meter: Meter, receiver: string): Traffic {
  const requests = meter.counter('barograph.collector.requests', {
    description: 'Requests by receiver, signal and outcome',
  })
  const bytes = meter.counter('barograph.collector.bytes', { description: 'Received on the wire', unit: 'By' })
  return {
    request: (signal, outcome) => requests.add(1, { receiver, signal, outcome }),
    bytes: (signal, count) => bytes.add(count, { receiver, signal }),
  }
}
