import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { Clock } from '../clock.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import { atOnce, type Steps } from '../steps.ts'
import { ByteWriter } from './bytes.ts'
import { readAround } from './file-bytes.ts'
import type { JournalSeries } from './journal-series.ts'
import type { JournalEntry, RecordContext } from './record-codec.ts'
import { SampleColumns } from './sample-columns.ts'
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
import { synced } from './synced.ts'

/** A segment is read as a whole: it ends here even when no checkpoint can be written. */
const SEGMENT_BYTES = 2 ** 28
/** Enough for two million series. */
const NUMBERS = 2 ** 21
/** A segment that is not needed any more is kept so long to be written over: in that time the system holds its pages in memory. */
const SPARE_MS = 60_000
/** So long after the last failure anything that is written says that writing works. */
const CALM_MS = 60_000

export interface JournalOptions {
  /** Made when missing. One process at a time. */
  readonly folder: string
  /** What stands for series; a checkpoint holds it beside the journal. */
  readonly series: JournalSeries
  /** Numbers of series that may have been given before they are given anew. */
  readonly numbers?: number
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** For tests to fail; `fs.writeSync` otherwise. */
  readonly write?: Write
}

/**
 * What changed the engine since the last checkpoint, as append-only segments `NNNNNNNN.log`, to be read from the first that the
 * checkpoint does not cover. A new process writes to a new segment.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #context: RecordContext
  readonly #record = new ByteWriter(1 << 16)
  readonly #written: Counter
  readonly #failed: Counter
  readonly #damaged: Counter
  readonly #lostBytes: Counter
  #next: number
  #writer: SegmentWriter | undefined
  /** The segment that was made last, or could not be. */
  #begun: string | undefined
  /** The newest segment that may not survive loss of power; the first that the last checkpoint does not hold, and that of the one on its way. */
  #unsafe = -1
  #covered = 0
  #folding = 0
  /** Length of the last record that could not be written, 0 when all can be; and when that was. */
  #failing = 0
  #failed_ms = 0
  /** Of older segments. */
  #older = 0
  #damages = 0
  /** So that a spare file goes if it is not written over. */
  #cancelSpare: (() => void) | undefined

  /** Throws `ServiceError('bad_config')` when the folder cannot be made or read. */
  constructor(options: JournalOptions) {
    this.#options = options
    const { folder, meter, series } = options
    this.#context = { series, columns: new SampleColumns() }
    try {
      mkdirSync(folder, { recursive: true })
      this.#next = (this.segments().at(-1) ?? 0) + 1
    } catch (error) {
      throw new ServiceError('bad_config', `the journal's folder ${folder} cannot be used`, { cause: error })
    }
    this.#written = meter.counter('barograph.journal.written', { description: 'Journal written', unit: 'By' })
    this.#failed = meter.counter('barograph.journal.failures', { description: 'Records that could not be written' })
    this.#damaged = meter.counter('barograph.journal.damaged', {
      description: 'Places of the journal found torn, damaged or missing',
    })
    this.#lostBytes = meter.counter('barograph.journal.lost', {
      description: 'Journal that was damaged and passed over',
      unit: 'By',
    })
    meter.gauge('barograph.journal.size', { description: 'Journal since the checkpoint', unit: 'By' }, () => this.bytes)
  }

  /** Bytes since the last checkpoint began, those that were read at the start included. */
  get bytes(): number {
    return this.#older + (this.#writer === undefined ? 0 : this.#writer.size - HEADER_BYTES)
  }

  /** True while entries cannot be written. */
  get failing(): boolean {
    return this.#failing > 0
  }

  /** What was written may be lost for good, with power or a crash: a checkpoint is due, which does not need it. */
  get isUnsafe(): boolean {
    return this.#unsafe >= this.#covered
  }

  /** Places found damaged by reading, a torn end not counted: a checkpoint is due, so that they are read no more. */
  get damages(): number {
    return this.#damages
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
    atOnce(this.appending(entry))
  }

  /** The same in steps. What is half written when the process ends is cut off by who reads. */
  *appending(entry: JournalEntry): Steps<void> {
    const { series } = this.#options
    this.#record.clear()
    try {
      const writer = this.#segment()
      yield* writeRecord(entry, this.#record, this.#context, { segment: this.#next - 1, offset: writer.size })
      yield* writer.appending(this.#record.view())
    } catch (error) {
      series.rollback()
      this.#failed.add(1)
      this.#tellFailing(error)
      throw error
    }
    series.commit()
    this.#written.add(this.#record.length)
    if (this.#failing > 0) this.#tellWritten()
  }

  /**
   * All entries from a segment on, in order. A torn end of the newest segment is cut off; damage elsewhere is passed over and
   * told. Then what a crash left in it survives loss of power as well. Throws `ServiceError('bad_data')` for what another version wrote, `ServiceError('unavailable')` for a file that cannot be opened.
   */
  *read(from: number): Generator<JournalEntry, void> {
    // Numbers never run back, so that a checkpoint never waits for a segment of another life.
    this.#next = Math.max(this.#next, from)
    const segments = this.segments().filter((segment) => segment >= from)
    this.#tellMissing(from, segments)
    for (const segment of segments) {
      const path = join(this.#options.folder, segmentFile(segment))
      const { bytes, isWhole } = readAround(path)
      const newest = segment === segments.at(-1)
      this.#older += bytes.length
      try {
        yield* readSegment(bytes, segment, this.#context, (damage) => {
          // What the disk cannot read now it may read yet: it is not cut off.
          const torn = newest && isWhole && reachesEnd(damage, bytes)
          if (torn) this.#older -= damage.length
          this.#tell(path, damage, torn)
        })
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
        throw new ServiceError('bad_data', `${path}: ${messageOf(error)}`, { cause: error })
      }
      // Who wrote its last second may have ended before it was synced.
      if (newest) void synced(path)
    }
    this.#options.series.followed()
  }

  /** Ends the segment; entries go to a new one from here on. Returns its number, for the checkpoint. */
  rotate(): number {
    this.#goOn()
    this.#older = 0
    return (this.#folding = this.#next - 1)
  }

  /** Deletes the segments before this one, oldest first. Where there is room, the last of them is kept for a while, to be written over. */
  async dropBefore(segment: number, room = true): Promise<void> {
    const { folder, log } = this.#options
    this.#covered = this.#folding
    try {
      for (const old of this.segments()) {
        if (old >= segment) break
        const path = join(folder, segmentFile(old))
        // To unlink a large file takes its time.
        if (room) await this.#keepSpare(path)
        else await rm(path, { force: true })
      }
    } catch (error) {
      log.warn('A part of the journal that is not needed any more could not be deleted.', { error: messageOf(error) })
    }
  }

  /** Syncs and closes. An entry afterwards begins a new segment. */
  close(): void {
    this.#older = this.bytes
    this.#writer?.close()
    this.#writer = undefined
    this.#cancelSpare?.()
    try {
      rmSync(this.#sparePath(), { force: true })
    } catch {
      // It is written over by the next process.
    }
  }

  #segment(): SegmentWriter {
    if (this.#writer !== undefined && this.#writer.size >= SEGMENT_BYTES) {
      const older = this.bytes
      this.#goOn()
      this.#older = older
    }
    return (this.#writer ??= this.#create())
  }

  /** In a new segment. */
  #goOn(): void {
    this.#writer?.trim()
    const writer = this.#create()
    void this.#writer?.retire()
    this.#writer = writer
    const { series, numbers = NUMBERS } = this.#options
    if (series.length > numbers) series.begin(series.epoch + 1)
  }

  #create(): SegmentWriter {
    const { folder, clock, log } = this.#options
    const segment = this.#next
    const path = join(folder, segmentFile(segment))
    const again = this.#begun === path
    this.#begun = path
    const unsafe = (): void => void (this.#unsafe = Math.max(this.#unsafe, segment))
    const options = { clock, log, write: this.#options.write ?? write, spare: this.#sparePath(), again, unsafe }
    makeFolder(folder)
    const writer = new SegmentWriter(path, options)
    this.#next++
    this.#cancelSpare?.()
    void synced(folder)
    return writer
  }

  async #keepSpare(path: string): Promise<void> {
    const spare = this.#sparePath()
    await rename(path, spare)
    this.#cancelSpare?.()
    this.#cancelSpare = this.#options.clock.after(SPARE_MS, () => void rm(spare, { force: true }).catch(() => {}))
  }

  /** Not the name of a segment: never read. */
  #sparePath(): string {
    return join(this.#options.folder, 'spare')
  }

  /** Once for as long as it lasts. */
  #tellFailing(error: unknown): void {
    if (this.#failing === 0) {
      this.#options.log.error('The journal cannot be written; inputs are refused until it can.', {
        error: messageOf(error),
      })
    }
    this.#failing = Math.max(this.#record.length, 1)
    this.#failed_ms = this.#options.clock.now_ms()
  }

  /** A full disk may still take what is short, which says nothing. */
  #tellWritten(): void {
    const calm = this.#options.clock.now_ms() - this.#failed_ms >= CALM_MS
    if (this.#record.length < this.#failing && !calm) return
    this.#failing = 0
    this.#options.log.info('The journal is written again.')
  }

  #tell(path: string, { offset, length, reason, foreign }: Damage, torn: boolean): void {
    if (torn && foreign === true) return this.#cut(path, offset)
    const facts = { path, offset, lost_bytes: length, reason }
    this.#damaged.add(1)
    this.#lostBytes.add(length)
    if (torn) {
      this.#options.log.warn('The journal ends in a record that was not finished; it is cut off.', facts)
      this.#cut(path, offset)
    } else {
      this.#damages++
      this.#options.log.error('The journal is damaged; what these bytes held is lost.', facts)
    }
  }

  /** What stays is read as damage by the next start, and nothing worse. */
  #cut(path: string, offset: number): void {
    try {
      if (offset === 0) writeFileSync(path, segmentHeader())
      else truncateSync(path, offset)
    } catch (error) {
      this.#options.log.warn('The end of the journal could not be cut off.', { path, error: messageOf(error) })
    }
  }

  #tellMissing(from: number, segments: readonly number[]): void {
    // Without a checkpoint the first one is the first. The one that a checkpoint goes on with was there before it.
    let expected = Math.max(from, 1)
    const all = from > 0 && segments.length === 0 ? [from + 1] : segments
    for (const segment of all) {
      if (segment > expected) {
        this.#damages++
        this.#damaged.add(1)
        const facts = { path: join(this.#options.folder, segmentFile(expected)), until: segmentFile(segment) }
        this.#options.log.error('A part of the journal is missing; what it held is lost.', facts)
      }
      expected = segment + 1
    }
  }
}

/** Somebody may have deleted it since. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch {
    // Told by who writes there.
  }
}

function reachesEnd({ offset, length }: Damage, bytes: Uint8Array): boolean {
  return offset + length === bytes.length
}
