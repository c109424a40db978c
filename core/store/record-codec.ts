import type { ChangeInput, IncidentCommand, KafkaPosition, Tick } from '../ports/intake.ts'
import type { SampleBatch } from '../sample.ts'
import type { SeriesDefinition, SeriesId } from '../series.ts'
import type { LogRecord, Span } from '../signal.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/** What became of one OTLP request, in normal form. On the way in, samples have the store's ids. */
export interface SignalsEntry {
  readonly kind: 'signals'
  readonly samples: SampleBatch
  readonly logs: readonly LogRecord[]
  readonly spans: readonly Span[]
  readonly position?: KafkaPosition
}

/** The same, read back: `samples` have ids that index `definitions` (all of the segment so far; do not keep it). */
export interface ReadSignals extends SignalsEntry {
  readonly definitions: readonly SeriesDefinition[]
}

/** All that changes what the engine knows; the caller turns an input into it before it is applied. */
export type JournalEntry = SignalsEntry | Tick | ChangeInput | IncidentCommand
export type ReadEntry = ReadSignals | Tick | ChangeInput | IncidentCommand

/** The series that a segment has defined, as it is written. */
export interface WrittenSeries {
  /** The number of a series in this segment, given now when it is new. */
  number(id: SeriesId): number
  /** Series that are new since this was last asked, in order of their numbers: to be defined before their samples. */
  takeNew(): readonly SeriesId[]
  definition(id: SeriesId): SeriesDefinition
}

/**
 * How one kind of entry is written. `type` is its byte on disk and never changes; `decode` throws
 * `ServiceError('bad_data')` for bytes that are none, whatever they are, and adds to `definitions` what the record defines.
 */
export interface RecordCodec<Kind extends JournalEntry['kind']> {
  readonly kind: Kind
  readonly type: number
  encode(entry: Extract<JournalEntry, { kind: Kind }>, writer: ByteWriter, series: WrittenSeries): void
  decode(reader: ByteReader, definitions: SeriesDefinition[]): Extract<ReadEntry, { kind: Kind }>
}
