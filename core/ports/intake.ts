import type { Change } from '../change.ts'
import type { Feedback } from '../finding.ts'
import type { Steps } from '../steps.ts'
import type { Signals } from './decoder.ts'
import type { Answer } from './questions.ts'
import type { SeriesWriter } from './series-writer.ts'

export type SignalKind = 'metrics' | 'logs' | 'traces'

/** Where a record stood in Kafka; journaled with its data, so that nothing is lost or doubled. */
export interface KafkaPosition {
  readonly topic: string
  readonly partition: number
  /** As Kafka writes it: a decimal that may exceed 2^53. */
  readonly offset: string
  /** Id of the topic, by which it is told from another that had its name; absent where the broker knows none. */
  readonly topic_id?: string
  /** The partition was made anew: what is stored of it is of another that had its name. */
  readonly anew?: true
}

/** One OTLP export request, inflated but not decoded. */
export interface OtlpRequest {
  readonly kind: 'otlp'
  readonly signal: SignalKind
  readonly encoding: 'proto' | 'json'
  readonly body: Uint8Array
  readonly position?: KafkaPosition
  /** The offset of a record of the same partition without which this one is refused: several are on their way at once. */
  readonly after?: string
}

/**
 * Metrics that do not come as OTLP (remote write, scrapes, history of an upstream). `decode` is called when it is its turn, with the
 * store at hand: in steps, deterministic; throws `ServiceError('bad_data')` when nothing of it can be taken.
 */
export interface SamplesInput {
  readonly kind: 'samples'
  /** Where it came from, for counters: `remote_write`, `scrape`, `backfill`, `recording`. */
  readonly source: string
  /** The newest event time in it, where that is known before its turn: a recording has no other clock. */
  readonly newest_ms?: number
  decode(writer: SeriesWriter): Steps<Signals>
}

/** A 1 Hz reading of the wall clock: it moves analysis time, nothing else does while the process runs. */
export interface Tick {
  readonly kind: 'tick'
  readonly time_ms: number
  /** Sources known to lag are complete only up to here: later rule steps wait. Absent: nobody lags. */
  readonly complete_ms?: number
  /**
   * Rules that read about so many series are evaluated, then other inputs have their turn; what else is due waits for the next tick. Absent: all
   * that is due.
   */
  readonly share?: number
}

/** Analysis time moves to `time_ms`. */
export interface Moment extends Omit<Tick, 'kind'> {
  /** There were no ticks for a while: nobody listened, and what was silent meanwhile is not known to have been so. */
  readonly away?: boolean
}

export interface ChangeInput {
  readonly kind: 'change'
  readonly change: Change
}

/** What a person did to an incident. */
export interface IncidentCommand {
  readonly kind: 'command'
  readonly command: 'ack' | 'resolve'
  readonly incident: string
  /** Who, as far as it is known; '' otherwise. */
  readonly by: string
  readonly at_ms: number
}

/** What a person said that a finding was. */
export interface FindingFeedback {
  readonly kind: 'feedback'
  readonly feedback: Feedback
  readonly finding: string
  /** Who, as far as it is known; '' otherwise. */
  readonly by: string
  readonly at_ms: number
}

/** What an upstream said of rules that are evaluated there: from here on it is as if they had been evaluated here. */
export interface AnswersInput {
  readonly kind: 'answers'
  /** Name of the upstream. */
  readonly datasource: string
  readonly answers: readonly Answer[]
}

/** Everything that can change a verdict enters as one of these, is journaled, can be recorded and replayed. */
export type Input = OtlpRequest | SamplesInput | Tick | ChangeInput | IncidentCommand | FindingFeedback | AnswersInput

/** What became of a request: what was good is kept, `rejected` items are not, `message` says why ('' if none). */
export interface Receipt {
  readonly rejected: number
  readonly message: string
  /** Of a tick: more is due than its share. */
  readonly unfinished?: boolean
  /** Of such a tick: how long it was worked on. */
  readonly took_ms?: number
  /** What of metrics is in the store now, duplicates included; for senders that want to be told. */
  readonly written?: { readonly samples: number; readonly histograms: number; readonly exemplars: number }
}

/**
 * The one door into the engine. Inputs are taken one at a time, in order of `submit`; the promise settles when the
 * input is journaled and applied. Rejects with a `ServiceError`: `bad_data` (undecodable as a whole), `overloaded`
 * (the queue is full: retry later), `unavailable` (stopping, or the disk is full), `not_found` (no such incident or finding).
 */
export interface Intake {
  submit(input: Input): Promise<Receipt>
}
