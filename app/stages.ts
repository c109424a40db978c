import { ServiceError } from '#core/errors.ts'
import type { Decoder, Signals } from '#core/ports/decoder.ts'
import type {
  ChangeInput,
  IncidentCommand,
  Input,
  OtlpRequest,
  Receipt,
  SamplesInput,
  Tick,
} from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { SampleBatch } from '#core/sample.ts'
import { SampleBuilder } from '#core/sample.ts'
import type { Checkpoint } from '#core/store/checkpoint.ts'
import type { Journal } from '#core/store/journal.ts'
import type { Positions } from '#core/store/positions.ts'
import type { JournalEntry } from '#core/store/record-codec.ts'
import { SegmentSamples } from '#core/store/segment-samples.ts'

import type { Engine } from './engine.ts'
import type { Stages } from './pipeline.ts'

const ACCEPTED: Receipt = { rejected: 0, message: '' }
/** The journal is folded into a checkpoint when it is this long. */
const CHECKPOINT_BYTES = 64 * 2 ** 20
const NOTHING: SampleBatch = new SampleBuilder().batch()

type Taken = Awaited<ReturnType<Stages['take']>>

/** Takes down what entered, for `replay`. */
export interface Recorder {
  write(input: Input): void
}

export interface JournaledStagesOptions {
  readonly engine: Engine
  readonly decoder: Decoder
  readonly journal: Journal
  readonly checkpoint: Checkpoint
  readonly positions: Positions
  readonly recorder: Recorder | undefined
  readonly log: Log
}

/** An input's way through a running process: decoded, journaled, recorded, applied; and the way back after a restart. */
export class JournaledStages implements Stages {
  readonly #options: JournaledStagesOptions

  constructor(options: JournaledStagesOptions) {
    this.#options = options
  }

  async take(input: Input): Promise<Taken> {
    const taken = this.#take(input)
    if (this.#options.journal.bytes >= CHECKPOINT_BYTES) return { ...taken, apply: () => this.#thenCheckpoint(taken) }
    return taken
  }

  /** Everything since the last checkpoint, again. Returns the number of inputs applied. */
  async recover(): Promise<number> {
    const { checkpoint, engine, journal, positions, log } = this.#options
    const segment = checkpoint.load(this.#snapshots(), journal.segments())
    const samples = new SegmentSamples(engine.store)
    let count = 0
    for (const entry of journal.read(segment ?? 0)) {
      count++
      if (entry.kind === 'tick') await engine.tick(entry)
      else if (entry.kind === 'change') engine.change(entry.change)
      else if (entry.kind === 'command') this.#commandAgain(entry)
      else {
        engine.observe({ samples: samples.batch(entry), logs: entry.logs, spans: entry.spans })
        if (entry.position !== undefined) positions.advance(entry.position)
      }
    }
    if (samples.refused > 0)
      log.warn('limits are lower than before; samples of the journal were left out', { samples: samples.refused })
    return count
  }

  /** Folds the journal into one file. A failure is logged: the journal goes on growing, and nothing is lost. */
  checkpoint(): void {
    const { checkpoint, journal, log } = this.#options
    try {
      const segment = journal.rotate()
      journal.dropBefore(checkpoint.write(this.#snapshots(), segment))
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      log.error('no checkpoint could be written; the journal is kept', { error })
    }
  }

  #snapshots() {
    return [...this.#options.engine.snapshots, this.#options.positions]
  }

  async #thenCheckpoint(taken: Taken): Promise<Receipt> {
    const receipt = await taken.apply()
    this.checkpoint()
    return receipt
  }

  #take(input: Input): Taken {
    if (input.kind === 'otlp') return this.#request(input)
    if (input.kind === 'samples') return this.#samples(input)
    if (input.kind === 'tick') return this.#tick(input)
    return input.kind === 'change' ? this.#change(input) : this.#command(input)
  }

  #request(request: OtlpRequest): Taken {
    const { decoder, positions, recorder } = this.#options
    const { position, after } = request
    // Read again after a crash between the broker and us: it is in the journal already.
    if (position !== undefined && positions.covers(position)) return { receipt: ACCEPTED, apply: async () => ACCEPTED }
    // Taken alone it would cover the one before it, which would be lost.
    if (position !== undefined && after !== undefined && !positions.covers({ ...position, offset: after }))
      throw new ServiceError('unavailable', 'an earlier record of the partition was not taken; both come again')
    const decoded = this.#decoded(request, decoder)
    return this.#kept(
      decoded,
      () => {
        recorder?.write(request)
        if (position !== undefined) positions.advance(position)
      },
      position,
    )
  }

  /** Journaled; then `done`; applied when asked. */
  #kept(decoded: Signals, done: () => void, position?: OtlpRequest['position']): Taken {
    this.#journaled({
      kind: 'signals',
      samples: decoded.samples,
      logs: decoded.logs,
      spans: decoded.spans,
      ...(position !== undefined && { position }),
    })
    done()
    return {
      receipt: { rejected: decoded.rejected, message: decoded.message },
      apply: async () => this.#options.engine.observe(decoded),
    }
  }

  #samples(input: SamplesInput): Taken {
    const { engine, recorder } = this.#options
    const decoded = input.decode(engine.store)
    return this.#kept(decoded, () => recorder?.write(input))
  }

  /** What cannot be kept must not have counted: deltas that come again go on from what is stored. */
  #journaled(entry: JournalEntry): void {
    const { decoder, journal } = this.#options
    try {
      journal.append(entry)
    } catch (error) {
      decoder.forget()
      throw error
    }
  }

  /** What cannot be decoded at all is refused; of a Kafka record the position moves on all the same, or it would come for ever. */
  #decoded(request: OtlpRequest, decoder: Decoder) {
    try {
      return decoder.decode(request, this.#options.engine.store)
    } catch (error) {
      const { position } = request
      if (error instanceof ServiceError && position !== undefined) {
        this.#options.journal.append({ kind: 'signals', samples: NOTHING, logs: [], spans: [], position })
        this.#options.positions.advance(position)
      }
      throw error
    }
  }

  #tick(tick: Tick): Taken {
    const { engine, journal, recorder } = this.#options
    journal.append(tick)
    recorder?.write(tick)
    return { receipt: ACCEPTED, apply: () => engine.tick(tick).then(() => ACCEPTED) }
  }

  #change(input: ChangeInput): Taken {
    const { engine, journal, recorder } = this.#options
    journal.append(input)
    recorder?.write(input)
    return { receipt: ACCEPTED, apply: async () => (engine.change(input.change), ACCEPTED) }
  }

  #command(input: IncidentCommand): Taken {
    const { engine, journal, recorder } = this.#options
    if (engine.alerting.incidents.get(input.incident) === undefined) {
      throw new ServiceError('not_found', `no incident ${JSON.stringify(input.incident)}`)
    }
    journal.append(input)
    recorder?.write(input)
    return { receipt: ACCEPTED, apply: async () => (engine.command(input), ACCEPTED) }
  }

  /** A command that was refused when it came is refused again. */
  #commandAgain(command: IncidentCommand): void {
    try {
      this.#options.engine.command(command)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
    }
  }
}
