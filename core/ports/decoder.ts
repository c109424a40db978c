import type { SampleBatch } from '../sample.ts'
import type { LogRecord, Span } from '../signal.ts'
import type { OtlpRequest } from './intake.ts'
import type { SeriesWriter } from './series-writer.ts'

/** A decoded request. `samples` are views, valid until the next `decode`. */
export interface Signals {
  readonly samples: SampleBatch
  readonly logs: readonly LogRecord[]
  readonly spans: readonly Span[]
  /** Data points, log records or spans that were refused, and why (first few reasons, counted). */
  readonly rejected: number
  readonly message: string
}

/** From bytes to normal form. Synchronous and deterministic: the same bytes give the same signals. */
export interface Decoder {
  /** Throws `ServiceError('bad_data')` when the body as a whole cannot be read; nothing of it is kept then. */
  decode(request: OtlpRequest, writer: SeriesWriter): Signals
  /** What was decoded last could not be stored: sums of deltas go on from what is stored. */
  forget(): void
}
