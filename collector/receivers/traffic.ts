import type { SignalKind } from '#core/ports/intake.ts'
import type { Meter } from '#core/ports/meter.ts'

/** What came in at a receiver. */
export interface Traffic {
  /** `outcome`: `ok`, the stable code of an error, or `http_STATUS`; `signal` is `none` where a request was for no signal. */
  request(signal: SignalKind | 'none', outcome: string): void
  /** As they came over the wire. */
  bytes(signal: SignalKind, count: number): void
}

type Attributes = Readonly<Record<string, string>>

/** Attributes of each signal, as one object each. */
export function ofSignals(make: (signal: SignalKind) => Attributes): Readonly<Record<SignalKind, Attributes>> {
  const one = (signal: SignalKind): Attributes => Object.freeze(make(signal))
  return { metrics: one('metrics'), logs: one('logs'), traces: one('traces') }
}

export function createTraffic(meter: Meter, receiver: string): Traffic {
  const requests = meter.counter('barograph.collector.requests', {
    description: 'Requests by receiver, signal and outcome',
  })
  const bytes = meter.counter('barograph.collector.bytes', { description: 'Received on the wire', unit: 'By' })
  // What is counted at every request.
  const taken = ofSignals((signal) => ({ receiver, signal, outcome: 'ok' }))
  const received = ofSignals((signal) => ({ receiver, signal }))
  return {
    request: (signal, outcome) =>
      requests.add(1, outcome === 'ok' && signal !== 'none' ? taken[signal] : { receiver, signal, outcome }),
    bytes: (signal, count) => bytes.add(count, received[signal]),
  }
}
