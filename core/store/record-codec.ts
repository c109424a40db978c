import type {
  AnswersInput,
  ChangeInput,
  FindingFeedback,
  IncidentCommand,
  KafkaPosition,
  Tick,
} from '../ports/intake.ts'
import type { SampleBatch } from '../sample.ts'
import type { LogRecord, Span } from '../signal.ts'
import type { Steps } from '../steps.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { JournalSeries } from './journal-series.ts'
import type { SampleColumns } from './sample-columns.ts'

/**
 * What became of one OTLP request, in normal form. Samples have the store's ids, as they are written and as they are read; read, they
 * are views, valid until the next entry is read.
 */
export interface SignalsEntry {
  readonly kind: 'signals'
  readonly samples: SampleBatch
  readonly logs: readonly LogRecord[]
  readonly spans: readonly Span[]
  readonly position?: KafkaPosition
}

/** Samples that were fetched from an upstream, which need not be told of them when they are read either. */
export interface HistoryEntry {
  readonly kind: 'history'
  readonly samples: SampleBatch
}

/** All that changes what the engine knows; the caller turns an input into it before it is applied. */
export type JournalEntry =
  | SignalsEntry
  | HistoryEntry
  | Tick
  | ChangeInput
  | IncidentCommand
  | FindingFeedback
  | AnswersInput

/** What the records of a journal share. */
export interface RecordContext {
  readonly series: JournalSeries
  readonly columns: SampleColumns
}

/**
 * How one kind of entry is written. `type` is its byte on disk and never changes; `decode` throws
 * `ServiceError('bad_data')` for bytes that are none, whatever they are, and adds to `series` what the record defines.
 */
export interface RecordCodec<Kind extends JournalEntry['kind']> {
  readonly kind: Kind
  readonly type: number
  encode(entry: Extract<JournalEntry, { kind: Kind }>, writer: ByteWriter, context: RecordContext): Steps<void> | void
  decode(reader: ByteReader, context: RecordContext): Extract<JournalEntry, { kind: Kind }>
}
