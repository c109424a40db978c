import { monotonicNow_ms } from '#core/clock.ts'
import { existing, messageOf, ServiceError } from '#core/errors.ts'
import type { Decoder, Signals } from '#core/ports/decoder.ts'
import type { Input, OtlpRequest, Receipt, SamplesInput } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import { SampleBuilder } from '#core/sample.ts'
import { atOnce, inSlices, type Steps, upon } from '#core/steps.ts'
import type { Checkpoint } from '#core/store/checkpoint.ts'
import type { DiskSpace } from '#core/store/disk-space.ts'
import type { JournalSeries } from '#core/store/journal-series.ts'
import type { Journal } from '#core/store/journal.ts'
import type { Positions } from '#core/store/positions.ts'
import type { HistoryEntry, JournalEntry, SignalsEntry } from '#core/store/record-codec.ts'

import { CheckpointPace, type CheckpointPaceOptions } from './checkpoint-pace.ts'
import type { Engine } from './engine.ts'
import type { Stages, Taken } from './pipeline.ts'

const ACCEPTED: Receipt = { rejected: 0, message: '' }
const cpu_ms = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
/** A restart that takes longer says how far it is. */
const PROGRESS_MS = 2000
const NOTHING: SampleBatch = new SampleBuilder().batch()

/** What is written and applied as it is: there is nothing to decode. */
type PlainInput = Exclude<Input, OtlpRequest | SamplesInput>

/** Takes down what entered, for `replay`. */
export interface Recorder {
  write(input: Exclude<Input, SamplesInput>): void
  /** What became of `SamplesInput`, whose wire nobody keeps. */
  samples(decoded: Signals, definition: SeriesWriter['definition']): void
}

export interface JournaledStagesOptions extends Omit<CheckpointPaceOptions, 'fine_ms' | 'cpu_ms'> {
  readonly engine: Engine
  readonly decoder: Decoder
  readonly journal: Journal
  readonly checkpoint: Checkpoint
  readonly positions: Positions
  readonly series: JournalSeries
  readonly disk: DiskSpace
  readonly recorder: Recorder | undefined
  readonly log: Log
}

/** An input's way through a running process: decoded, journaled, recorded, applied; and the way back after a restart. */
export class JournaledStages implements Stages {
  readonly #options: JournaledStagesOptions
  #writing: Promise<void> | undefined
  #capturing: Promise<void> | undefined
  readonly #pace: CheckpointPace

  constructor(options: JournaledStagesOptions) {
    this.#options = options
    this.#pace = new CheckpointPace({ ...options, fine_ms: monotonicNow_ms, cpu_ms })
  }

  /** Set while the state is taken down: no input may change it meanwhile. */
  get busy(): Promise<void> | undefined {
    return this.#capturing
  }

  /** True while data is sent away to come again later: time goes on, and what was refused is not absent. */
  get refusing(): boolean {
    const { disk, journal, engine } = this.#options
    return disk.low || journal.failing || engine.store.isStuck
  }

  take(input: Input): Taken | Promise<Taken> {
    if (this.#options.disk.low && input.kind !== 'tick') {
      throw new ServiceError('unavailable', 'the disk is nearly full (limits.disk_reserve); send again later')
    }
    // Told before it is journaled: what cannot be kept is not acknowledged.
    if (this.#options.engine.store.isStuck && input.kind !== 'tick') {
      throw new ServiceError('unavailable', 'sealed samples cannot be written; is the disk full?')
    }
    return upon(this.#taking(input), (taken) => {
      return { receipt: taken.receipt, apply: () => this.#applied(taken) }
    })
  }

  /** Everything since the last checkpoint, again. Returns the number of inputs applied. */
  async recover(): Promise<number> {
    const { checkpoint, journal, series, clock, log } = this.#options
    const segment = checkpoint.load(this.#snapshots(), journal.segments())
    let count = 0
    let told_ms = clock.now_ms()
    const began_ms = monotonicNow_ms()
    for (const entry of journal.read(segment ?? 0)) {
      try {
        await this.#again(entry)
      } catch (error) {
        // Where it came first it failed as well, and the process went on: it must not end every start.
        if (error instanceof ServiceError) throw error
        log.error('an input of the journal failed again', {
          kind: entry.kind,
          error: messageOf(error),
          stack: (error as Error).stack,
        })
      }
      count++
      const now_ms = clock.now_ms()
      if (now_ms - told_ms < PROGRESS_MS) continue
      told_ms = now_ms
      log.info('applying the journal', { inputs: count, bytes: journal.bytes })
    }
    this.#pace.worked(monotonicNow_ms() - began_ms)
    const { lost, refused } = series
    if (lost > 0) log.error('samples of series whose definition was damaged are lost', { samples: lost })
    if (refused > 0)
      log.warn('limits are lower than before; samples of the journal were left out', { samples: refused })
    // What was found damaged is passed over once, not at every start.
    if (journal.damages > 0) void this.checkpoint()
    return count
  }

  async #again(entry: JournalEntry): Promise<void> {
    const { engine, positions } = this.#options
    if (entry.kind === 'signals') {
      atOnce(engine.observe(entry))
      if (entry.position !== undefined) positions.advance(entry.position)
      return
    }
    if (entry.kind === 'history') {
      atOnce(engine.observe({ samples: entry.samples, logs: [], spans: [], history: true }))
      return
    }
    try {
      await this.#apply(entry)
    } catch (error) {
      // A person's word that was refused when it came is refused again.
      const said = entry.kind === 'command' || entry.kind === 'feedback'
      if (!said || !(error instanceof ServiceError)) throw error
    }
  }

  /**
   * Folds the journal into one file: inputs wait until the state is captured (`busy`), and go on while it is synced. A failure is
   * logged: the journal goes on growing, and nothing is lost.
   */
  checkpoint(): Promise<void> {
    this.#writing ??= this.#checkpoint().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  /** The last checkpoint, when no input comes any more. */
  async close(): Promise<void> {
    await this.#writing
    await this.checkpoint()
  }

  async #checkpoint(): Promise<void> {
    const { checkpoint, journal, log } = this.#options
    const pace = this.#pace
    try {
      const segment = journal.rotate()
      pace.began()
      const { captured, done } = checkpoint.write(this.#snapshots(), segment)
      this.#capturing = captured
      await captured
      this.#capturing = undefined
      pace.captured()
      await journal.dropBefore(await done, !this.refusing)
      if (pace.failing) log.info('a checkpoint is written again')
      pace.written()
    } catch (error) {
      const facts = {
        error: messageOf(error),
        ...(!(error instanceof ServiceError) && { stack: (error as Error).stack }),
      }
      // Once for as long as it lasts.
      if (!pace.failing) log.error('no checkpoint could be written; the journal is kept', facts)
      pace.failed()
    }
  }

  #due(): boolean {
    const { checkpoint, journal } = this.#options
    const bytes = journal.isUnsafe ? Infinity : journal.bytes
    return this.#writing === undefined && this.#pace.due({ journal: bytes, checkpoint: checkpoint.bytes })
  }

  #snapshots() {
    const { engine, positions, series } = this.#options
    return [...engine.snapshots, positions, series]
  }

  #applied(taken: Taken): Receipt | Promise<Receipt> {
    const began_ms = monotonicNow_ms()
    return upon(taken.apply(), (receipt) => {
      this.#pace.worked(monotonicNow_ms() - began_ms)
      if (this.#due()) void this.checkpoint()
      return receipt
    })
  }

  #taking(input: Input): Taken | Promise<Taken> {
    if (input.kind === 'otlp') return inSlices(this.#request(input))
    if (input.kind === 'samples') return inSlices(this.#samples(input))
    return this.#plain(input)
  }

  *#request(request: OtlpRequest): Steps<Taken> {
    const { decoder, positions, recorder } = this.#options
    const { position, after } = request
    // Read again after a crash between the broker and us: it is in the journal already.
    if (position !== undefined && positions.covers(position)) return { receipt: ACCEPTED, apply: () => ACCEPTED }
    // Taken alone it would cover the one before it, which would be lost.
    if (position !== undefined && after !== undefined && !positions.covers({ ...position, offset: after }))
      throw new ServiceError('unavailable', 'an earlier record of the partition was not taken; both come again')
    const decoded = yield* this.#decoded(request, decoder)
    return yield* this.#kept(
      decoded,
      () => {
        recorder?.write(request)
        if (position !== undefined) positions.advance(position)
      },
      position,
    )
  }

  /** Journaled; then `done`; applied when asked. */
  *#kept(decoded: Signals, done: () => void, position?: OtlpRequest['position']): Steps<Taken> {
    yield* this.#journaled({
      kind: 'signals',
      samples: decoded.samples,
      logs: decoded.logs,
      spans: decoded.spans,
      ...(position !== undefined && { position }),
    })
    return this.#observed(decoded, done)
  }

  #observed(decoded: Signals, done: () => void, history = false): Taken {
    done()
    return {
      receipt: { rejected: decoded.rejected, message: decoded.message },
      apply: () => inSlices(this.#options.engine.observe({ ...decoded, history })),
    }
  }

  *#samples(input: SamplesInput): Steps<Taken> {
    const { engine, recorder } = this.#options
    const decoded = yield* input.decode(engine.store)
    const record = (): void => recorder?.samples(decoded, (id) => engine.store.definition(id))
    if (input.source !== 'backfill') return yield* this.#kept(decoded, record)
    yield* this.#journaled({ kind: 'history', samples: decoded.samples })
    return this.#observed(decoded, record, true)
  }

  /** What cannot be kept must not have counted: deltas that come again go on from what is stored. */
  *#journaled(entry: SignalsEntry | HistoryEntry): Steps<void> {
    const { decoder, journal } = this.#options
    try {
      yield* journal.appending(entry)
    } catch (error) {
      decoder.forget()
      throw error
    }
  }

  /** What cannot be decoded at all is refused; of a Kafka record the position moves on all the same, or it would come for ever. */
  *#decoded(request: OtlpRequest, decoder: Decoder): Steps<Signals> {
    try {
      return yield* decoder.decode(request, this.#options.engine.store)
    } catch (error) {
      const { position } = request
      if (error instanceof ServiceError && position !== undefined) {
        this.#options.journal.append({ kind: 'signals', samples: NOTHING, logs: [], spans: [], position })
        this.#options.positions.advance(position)
      }
      throw error
    }
  }

  /** What is journaled and recorded as it came; a person's word only where what it is about is there. */
  #plain(input: PlainInput): Taken {
    const { engine, journal, recorder } = this.#options
    if (input.kind === 'command') existing(engine.alerting.incidents.get(input.incident), 'incident', input.incident)
    if (input.kind === 'feedback') existing(engine.detectors.findings.get(input.finding), 'finding', input.finding)
    journal.append(input)
    recorder?.write(input)
    return { receipt: ACCEPTED, apply: () => this.#apply(input) }
  }

  async #apply(input: PlainInput): Promise<Receipt> {
    const { engine } = this.#options
    if (input.kind === 'tick') return { ...ACCEPTED, unfinished: await engine.tick(input) }
    if (input.kind === 'answers') await engine.answers(input)
    else if (input.kind === 'change') engine.change(input.change)
    else if (input.kind === 'feedback') engine.feedback(input)
    else engine.command(input)
    return ACCEPTED
  }
}
