import type { SampleBatch } from '../sample.ts'
import type { LogRecord, Span } from '../signal.ts'
import type { Steps } from '../steps.ts'
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

/** From bytes to normal form. Deterministic: the same bytes give the same signals. One request at a time. */
export interface Decoder {
  /** Throws `ServiceError('bad_data')` when the body as a whole cannot be read; nothing of it is kept then. */
  decode(request: OtlpRequest, writer: SeriesWriter): Steps<Signals>
  /** What was decoded last could not be stored: sums of deltas go on from what is stored. */
  forget(): void
}
