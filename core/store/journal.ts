import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../clock.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { SeriesDefinition, SeriesId } from '../series.ts'
import { ByteWriter } from './bytes.ts'
import { syncFolder } from './folder.ts'
import { grown } from './grow.ts'
import type { JournalEntry, ReadEntry, WrittenSeries } from './record-codec.ts'
import { SegmentWriter, type Write, write } from './segment-writer.ts'
import {
  type Damage,
  HEADER_BYTES,
  readSegment,
  segmentFile,
  segmentHeader,
  segmentOf,
  writeRecord,
} from './segment.ts'

export interface JournalOptions {
  /** Made when missing. One process at a time. */
  readonly folder: string
  /** Of ids in samples that are appended. */
  readonly definition: (id: SeriesId) => SeriesDefinition
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** For tests to fail; `fs.writeSync` otherwise. */
  readonly write?: Write
}

/** Numbers of series within one segment. */
class SegmentSeries implements WrittenSeries {
  readonly definition: (id: SeriesId) => SeriesDefinition
  /** By id; one more than the number, 0 for none. */
  #numbers = new Uint32Array(256)
  #next = 1
  #added: SeriesId[] = []
  #taken = 0

  constructor(definition: (id: SeriesId) => SeriesDefinition) {
    this.definition = definition
  }

  number(id: SeriesId): number {
    if (id >= this.#numbers.length) this.#numbers = grown(this.#numbers, id + 1)
    const known = this.#numbers[id]!
    if (known > 0) return known - 1
    this.#numbers[id] = this.#next++
    this.#added.push(id)
    return this.#next - 2
  }

  takeNew(): readonly SeriesId[] {
    const added = this.#added.slice(this.#taken)
    this.#taken = this.#added.length
    return added
  }

  /** The record is written: what it defined is defined. */
  commit(): void {
    this.#added = []
    this.#taken = 0
  }

  /** The record is not written: what it would have defined is new again. */
  rollback(): void {
    for (const id of this.#added) this.#numbers[id] = 0
    this.#next -= this.#added.length
    this.commit()
  }
}

/**
 * What changed the engine since the last checkpoint, as append-only segments `NNNNNNNN.log`. Each stands alone: it defines
 * the series that it mentions. A new process writes to a new segment.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #record = new ByteWriter(1 << 16)
  readonly #written: Counter
  readonly #failed: Counter
  readonly #damaged: Counter
  #next: number
  #writer: SegmentWriter | undefined
  #series: SegmentSeries

  /** Throws `ServiceError('bad_config')` when the folder cannot be made or read. */
  constructor(options: JournalOptions) {
    this.#options = options
    const { folder, meter } = options
    try {
      mkdirSync(folder, { recursive: true })
      this.#next = (this.segments().at(-1) ?? 0) + 1
    } catch (error) {
      throw new ServiceError('bad_config', `the journal's folder ${folder} cannot be used`, { cause: error })
    }
    this.#series = new SegmentSeries(options.definition)
    this.#written = meter.counter('barograph.journal.written', { description: 'Journal written', unit: 'By' })
    this.#failed = meter.counter('barograph.journal.failures', { description: 'Records that could not be written' })
    this.#damaged = meter.counter('barograph.journal.damaged', { description: 'Segments found torn or damaged' })
  }

  /** Bytes since rotation: the caller writes a checkpoint when they are many. */
  get bytes(): number {
    return this.#writer === undefined ? 0 : this.#writer.size - HEADER_BYTES
  }

  /** Numbers of the segments that are there, ascending. */
  segments(): number[] {
    return readdirSync(this.#options.folder)
      .flatMap((file) => segmentOf(file) ?? [])
      .toSorted((a, b) => a - b)
  }

  /**
   * Writes one entry; when this returns, it survives the end of the process (loss of power: a second later). Throws
   * `ServiceError('unavailable')` when it cannot, with nothing written; the next entry may succeed.
   */
  append(entry: JournalEntry): void {
    this.#record.clear()
    let done = false
    try {
      const writer = (this.#writer ??= this.#create())
      writeRecord(entry, this.#record, this.#series)
      writer.append(this.#record.view())
      done = true
    } finally {
      if (done) this.#series.commit()
      else {
        this.#series.rollback()
        this.#failed.add(1)
      }
    }
    this.#written.add(this.#record.length)
  }

  /**
   * All entries from a segment on, in order. A torn end of the newest segment is cut off; damage in an older one ends that
   * segment and is told. Throws `ServiceError('bad_data')` for a segment of another format version.
   */
  *read(from: number): Generator<ReadEntry, void> {
    // Numbers never run back, so that a checkpoint never waits for a segment of another life.
    this.#next = Math.max(this.#next, from)
    const segments = this.segments().filter((segment) => segment >= from)
    for (const segment of segments) {
      const path = join(this.#options.folder, segmentFile(segment))
      const bytes = readFileSync(path)
      let damage: Damage | undefined
      try {
        damage = yield* readSegment(bytes)
      } catch (error) {
        throw new ServiceError('bad_data', `${path}: ${messageOf(error)}`, { cause: error })
      }
      if (damage === undefined) continue
      const facts = { path, offset: damage.offset, lost_bytes: bytes.length - damage.offset, reason: damage.reason }
      this.#damaged.add(1)
      if (segment === segments.at(-1)) {
        this.#options.log.warn('The journal ends in a record that was not finished; it is cut off.', facts)
        if (damage.offset === 0) writeFileSync(path, segmentHeader())
        else truncateSync(path, damage.offset)
      } else {
        this.#options.log.error('A segment of the journal is damaged; what follows in it is lost.', facts)
      }
    }
  }

  /** Ends the segment; entries go to a new one from here on. Returns its number, for the checkpoint. */
  rotate(): number {
    const writer = this.#create()
    this.#writer?.close()
    this.#writer = writer
    this.#series = new SegmentSeries(this.#options.definition)
    return this.#next - 1
  }

  /** Deletes the segments before this one. */
  dropBefore(segment: number): void {
    for (const old of this.segments()) {
      if (old < segment) rmSync(join(this.#options.folder, segmentFile(old)), { force: true })
    }
  }

  /** Syncs and closes. An entry afterwards begins a new segment. */
  close(): void {
    this.#writer?.close()
    this.#writer = undefined
    this.#series = new SegmentSeries(this.#options.definition)
  }

  #create(): SegmentWriter {
    const { folder, clock, log } = this.#options
    const path = join(folder, segmentFile(this.#next++))
    const writer = new SegmentWriter(path, { clock, log, write: this.#options.write ?? write })
    syncFolder(folder)
    return writer
  }
}
