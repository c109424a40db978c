import { mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

import { messageOf, ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { Counter, Meter } from '../ports/meter.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { ChunkFile, chunkFile, type Datasync, FILE_HEAD_BYTES, numberOf } from './chunk-file.ts'
import { synced } from './synced.ts'

/** What was appended is written when it is so much, or this share of the cache. */
const WRITE_BYTES = 1 << 20
const WRITE_SHARE = 1 / 16
/** A file of which less is referred to is worth moving away from. */
const SPARSE = 1 / 4
/** A file that was read so often is taken into memory, where there is room. */
const OFTEN = 32
/** Descriptors, but for files that are not synced yet: those that were used last. Connections need them as well. */
const OPEN_FILES = 128

/** Chunks are written anew as they age, from 0 on; each age has files of its own, so that these are all garbage some day, or never. */
export type Age = number

export interface ChunkFilesOptions {
  /** Made when missing; undefined: everything stays in memory. */
  readonly folder: string | undefined
  /** A file is ended at so many bytes, and when its newest samples are so much younger than its first. */
  readonly file_bytes: number
  readonly span_ms: number
  /** Memory for what is written already; the newest files have it. */
  readonly cache_bytes: number
  readonly meter: Meter
  readonly log: Log
  readonly datasync?: Datasync
}

/** What stays behind the end of a file is written over when the file grows, and read by nobody until then. */
function cutOff(path: string, length: number): void {
  try {
    truncateSync(path, length)
  } catch {
    // Nobody may write here now: what is in front of it is as good as ever.
  }
}

/**
 * Sealed chunks in append-only files `NNNNNNNN.chunk`, written in batches, the newest also held in memory. A file goes as a whole. After a
 * load what lies behind the lengths of the snapshot is cut off, files that it does not name are removed, and a new file is begun.
 */
export class ChunkFiles {
  readonly #options: ChunkFilesOptions
  readonly #files = new Map<number, ChunkFile>()
  /** Found in the folder, and so far not known to be ours. */
  #strangers: number[]
  readonly #failures: Counter
  readonly #damage: Counter
  readonly #damaged = new Set<number>()
  readonly #reads = new Map<number, number>()
  /** Files that may have a descriptor, the one that was used last at the end. */
  readonly #open = new Set<ChunkFile>()
  /** The file that is appended to, by age. */
  readonly #current = new Map<Age, ChunkFile>()
  #next = 1
  #failing = false
  #isFolderSynced = true
  /** Files that nobody refers to, and how many snapshots there were then. */
  #buried: { readonly number: number; readonly snapshots: number }[] = []
  #snapshots = 0
  /** The newest snapshot that a start may load, and the one before it may be needed where that is damaged. */
  #placed = 0
  /** No snapshot knows this file, nor later ones. */
  #unnamed = 0
  #bytes = 0
  #unwritten = 0
  readonly #batch: number
  /** How much waits when writing is tried next. */
  #due: number

  /** Throws `ServiceError('bad_config')` when the folder cannot be used. */
  constructor(options: ChunkFilesOptions) {
    this.#options = options
    this.#batch = this.#due = Math.min(WRITE_BYTES, options.cache_bytes * WRITE_SHARE)
    this.#strangers = this.#found()
    this.#next = Math.max(0, ...this.#strangers) + 1
    const { meter } = options
    this.#failures = meter.counter('barograph.store.chunks.failures', {
      description: 'Writes of sealed samples that failed; they stay in memory and are tried again',
    })
    this.#damage = meter.counter('barograph.store.chunks.damaged', {
      description: 'Sealed chunks that could not be read back and were left out',
    })
  }

  /** Of all files, garbage included. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes that wait to be written. */
  get unwritten(): number {
    return this.#unwritten
  }

  /** What was written last could not be. */
  get isFailing(): boolean {
    return this.#failing
  }

  /** Writing fails, and as much waits as memory is given for. */
  get isStuck(): boolean {
    return this.#failing && this.#unwritten > this.#options.cache_bytes
  }

  /** Held in memory, written or not. */
  get held(): number {
    let held = 0
    for (const file of this.#files.values()) held += file.held
    return held
  }

  has(file: number): boolean {
    return this.#files.has(file)
  }

  /** Whether a file is there, and nothing in it was found damaged. */
  isSound(file: number): boolean {
    return this.#files.has(file) && !this.#damaged.has(file)
  }

  /** Whether most of a file is garbage. */
  isSparse(number: number): boolean {
    const file = this.#files.get(number)
    return file !== undefined && !this.#isCurrent(file) && file.living < file.length * SPARSE
  }

  /** A chunk is not referred to any more. */
  release(number: number, size: number): void {
    const file = this.#files.get(number)
    if (file === undefined) return
    file.release(size)
    if (!this.#isCurrent(file)) this.#bury(file)
  }

  /** A file goes when nobody refers to it, and no snapshot needs it. */
  #bury(file: ChunkFile): void {
    const { number } = file
    if (file.living > 0) return
    if (this.#options.folder === undefined || number >= this.#unnamed) this.drop(number)
    else {
      this.#forget(file)
      file.close()
      this.#buried.push({ number, snapshots: this.#snapshots })
    }
  }

  /** `to_ms`: of the newest sample in it. */
  append(bytes: Uint8Array, to_ms: number, age: Age): { file: number; at: number } {
    const file = this.#room(bytes.length, to_ms, age)
    const before = file.length
    const at = file.append(bytes)
    file.to_ms = Math.max(file.to_ms, to_ms)
    this.#bytes += file.length - before
    if (this.#options.folder !== undefined) {
      this.#unwritten += file.length - before
      if (this.#unwritten >= this.#due) this.write()
    }
    return { file: file.number, at }
  }

  /** The bytes of a chunk and where they begin; undefined where the file has gone, or they are not what was written. */
  read(number: number, at: number, size: number): { bytes: Uint8Array; at: number } | undefined {
    const file = this.#files.get(number)
    if (file === undefined) return undefined
    const held = file.find(at) ?? (this.#isTaken(file) ? file.find(at) : undefined)
    if (held !== undefined) return held
    const chunk = file.read(at, size)
    this.#opened(file)
    if (chunk !== undefined) return { bytes: chunk, at: 0 }
    this.#damage.add(1)
    if (!this.#damaged.has(number)) {
      this.#damaged.add(number)
      const { folder } = this.#options
      this.#options.log.error('Stored samples are damaged and left out.', { path: join(folder!, chunkFile(number)) })
    }
    return undefined
  }

  /** Files whose samples are all older. */
  before(cutoff_ms: number): number[] {
    return [...this.#files.values()].filter(({ to_ms }) => to_ms < cutoff_ms).map(({ number }) => number)
  }

  /** The file that was begun first. */
  get oldest(): number | undefined {
    for (const number of this.#files.keys()) return number
    return undefined
  }

  /** Deletes a file. */
  drop(number: number): void {
    const file = this.#files.get(number)
    if (file === undefined) return
    this.#forget(file)
    file.remove()
  }

  /** Writes all that waits; what cannot be written stays in memory, and is tried again when more has come. */
  write(): boolean {
    try {
      for (const file of this.#files.values()) {
        const before = file.written
        try {
          file.write()
        } finally {
          this.#unwritten -= file.written - before
          if (file.written > before) this.#opened(file)
          // Here it gets its name, and not where it was begun.
          if (before === 0) this.#isFolderSynced = false
        }
      }
      if (this.#failing) this.#options.log.info('Sealed samples can be written again.', {})
      this.#failing = false
      this.#due = this.#batch
      this.#evict()
      return true
    } catch (error) {
      this.#failures.add(1)
      this.#due = this.#unwritten + this.#batch
      if (!this.#failing) {
        this.#options.log.error('Sealed samples cannot be written and stay in memory; is the disk full?', {
          error: messageOf(error),
        })
      }
      this.#failing = true
      return false
    }
  }

  /** When it settles, what the last `save` named survives loss of power. Rejects with `ServiceError('unavailable')`. */
  async durable(): Promise<void> {
    const { folder } = this.#options
    if (folder === undefined) return
    try {
      for (const file of this.#files.values()) if (!file.isSynced) await this.#sync(file)
    } catch (error) {
      throw new ServiceError('unavailable', `${folder} cannot be synced; is the disk full?`, { cause: error })
    }
    const isFolderSynced = this.#isFolderSynced
    // Files that are made meanwhile are for the next time.
    this.#isFolderSynced = true
    if (!isFolderSynced) await synced(folder)
  }

  async #sync(file: ChunkFile): Promise<void> {
    try {
      await file.sync(this.#options.datasync)
    } catch (error) {
      // Inputs may have come meanwhile.
      this.#unwritten = [...this.#files.values()].reduce((sum, { length, written }) => sum + length - written, 0)
      throw error
    }
  }

  /** What the last `save` named is what a start loads: files go that neither it nor the one before it names. */
  placed(): void {
    const { folder } = this.#options
    const needed = this.#buried.filter(({ snapshots }) => snapshots >= this.#placed)
    this.#placed = this.#snapshots
    for (const one of this.#buried) if (!needed.includes(one)) new ChunkFile(one.number, folder, 1).remove()
    this.#buried = needed
    // What a life before left behind, and no snapshot of it names.
    for (const number of this.#strangers) new ChunkFile(number, folder, 1).remove()
    this.#strangers = []
  }

  close(): void {
    for (const file of this.#files.values()) file.close()
  }

  /** Names of files and their lengths; contents where there is no folder. Throws `ServiceError('unavailable')` when something cannot be written. */
  save(writer: ByteWriter): void {
    const { folder } = this.#options
    if (folder !== undefined) this.#renew(folder)
    if (folder !== undefined && !this.write()) {
      throw new ServiceError('unavailable', `${folder} cannot be written; is the disk full?`)
    }
    this.#snapshots++
    this.#unnamed = this.#next
    writer.u32(this.#next)
    writer.u32(this.#files.size)
    for (const file of this.#files.values()) {
      writer.u32(file.number)
      writer.f64(file.to_ms)
      writer.f64(file.living)
      writer.f64(file.length)
      writer.u8(folder === undefined ? 1 : 0)
      if (folder !== undefined) continue
      let head = FILE_HEAD_BYTES
      for (const bytes of file.contents()) {
        writer.raw(bytes.subarray(head))
        head = 0
      }
    }
  }

  /** Into a fresh one. Files that have gone, or are shorter than they were, are left out. */
  load(reader: ByteReader): void {
    const { folder } = this.#options
    this.#next = this.#unnamed = Math.max(this.#next, reader.u32())
    let missing = 0
    for (let left = reader.u32(); left > 0; left--) {
      const number = reader.u32()
      const [to_ms, living, length] = [reader.f64(), reader.f64(), reader.f64()]
      if (!(length >= FILE_HEAD_BYTES)) throw new ServiceError('bad_data', `file ${number} cannot have ${length} bytes`)
      const isHere = reader.u8() === 1
      const file = isHere
        ? restored(number, reader.raw(length - FILE_HEAD_BYTES), folder)
        : this.#continued(number, length)
      this.#strangers = this.#strangers.filter((stranger) => stranger !== number)
      if (file === undefined) {
        missing++
        continue
      }
      file.to_ms = to_ms
      file.living = living
      this.#files.set(number, file)
      this.#bytes += file.length
      if (folder !== undefined) this.#unwritten += file.length - file.written
    }
    // Retention took them behind the snapshot, or somebody did.
    if (missing > 0) this.#options.log.warn('Files of stored samples are not there.', { folder, files: missing })
  }

  /** Somebody may have deleted files: what is still there of them is written once more. */
  #renew(folder: string): void {
    const there = new Set(this.#found())
    for (const file of this.#files.values()) {
      if (file.written === 0 || there.has(file.number)) continue
      const { written } = file
      const isLeft = file.renew()
      const path = join(folder, chunkFile(file.number))
      this.#options.log.error('A file of stored samples was deleted; what memory has of it is kept.', { path })
      if (!isLeft) this.drop(file.number)
      else {
        this.#unwritten += written
        // One after the other: each may take as much memory as a file is long.
        this.write()
      }
    }
  }

  #continued(number: number, length: number): ChunkFile | undefined {
    const { folder, log } = this.#options
    if (folder === undefined) return undefined
    const path = join(folder, chunkFile(number))
    try {
      const { size } = statSync(path)
      if (size > length) cutOff(path, length)
      if (size >= length) return new ChunkFile(number, folder, length)
      log.error('A file of stored samples is shorter than it was; what is left of it is used.', { path })
      return new ChunkFile(number, folder, length)
    } catch {
      return undefined
    }
  }

  #found(): number[] {
    const { folder } = this.#options
    if (folder === undefined) return []
    try {
      mkdirSync(folder, { recursive: true })
      return readdirSync(folder).flatMap((name) => numberOf(name) ?? [])
    } catch (error) {
      throw new ServiceError('bad_config', `the folder for samples ${folder} cannot be used`, { cause: error })
    }
  }

  #room(bytes: number, to_ms: number, age: Age): ChunkFile {
    const { file_bytes, span_ms, folder } = this.#options
    const current = this.#current.get(age)
    const isFull = current !== undefined && current.length > FILE_HEAD_BYTES && current.length + bytes > file_bytes
    if (current !== undefined && !isFull && to_ms - current.began_ms <= span_ms) return current
    const file = new ChunkFile(this.#next++, folder)
    file.began_ms = to_ms
    this.#files.set(file.number, file)
    this.#bytes += file.length
    if (folder !== undefined) this.#unwritten += file.length
    this.#current.set(age, file)
    if (current !== undefined) this.#bury(current)
    return file
  }

  #isCurrent(file: ChunkFile): boolean {
    for (const current of this.#current.values()) if (file === current) return true
    return false
  }

  #forget(file: ChunkFile): void {
    const { number } = file
    this.#bytes -= file.length
    this.#unwritten -= this.#options.folder === undefined ? 0 : file.length - file.written
    this.#files.delete(number)
    this.#damaged.delete(number)
    this.#reads.delete(number)
    this.#open.delete(file)
    for (const [age, current] of this.#current) if (file === current) this.#current.delete(age)
  }

  /** A file was read or written: others are closed where there are many. */
  #opened(file: ChunkFile): void {
    const open = this.#open
    open.delete(file)
    open.add(file)
    for (const other of open) {
      if (open.size <= OPEN_FILES) return
      if (other === file || !other.isSynced) continue
      other.close()
      open.delete(other)
    }
  }

  /** Whether the file was taken into memory now: it is read often, and there is room. */
  #isTaken(file: ChunkFile): boolean {
    const reads = (this.#reads.get(file.number) ?? 0) + 1
    this.#reads.set(file.number, reads % OFTEN)
    if (reads < OFTEN || this.held + file.length > this.#options.cache_bytes) return false
    return file.take()
  }

  /** From the oldest on, what is written goes from memory until the rest has room. */
  #evict(): void {
    if (this.#options.folder === undefined) return
    let excess = this.held - this.#options.cache_bytes
    for (const file of this.#files.values()) {
      if (excess <= 0) return
      excess -= file.forget(excess)
    }
  }
}

/** A file from a snapshot that has its content. */
function restored(number: number, content: Uint8Array, folder: string | undefined): ChunkFile {
  const file = new ChunkFile(number, folder)
  file.restore(content)
  return file
}
