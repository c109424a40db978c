import { closeSync, fdatasync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'

import { ByteReader, ByteWriter } from './bytes.ts'
import { bytesOf, textOf } from './json.ts'

const MAGIC = 'BAROCHNK'
const VERSION = 1
/** Magic, version, number of the file (0 in older ones). */
export const FILE_HEAD_BYTES = 16
/** Before each chunk: its size and CRC-32. */
const RECORD_HEAD_BYTES = 8
/** Memory of a file is pages of so many bytes, or as many as a larger chunk needs. */
const PAGE_BYTES = 1 << 16
const NAME = /^(\d{8})\.chunk$/

/** Resolves when what was written is on the disk. For tests to fail. */
export type Datasync = (fd: number) => Promise<void>

export const datasync: Datasync = promisify(fdatasync)

export function chunkFile(number: number): string {
  return `${String(number).padStart(8, '0')}.chunk`
}

/** The number of a file of that name; undefined for other files. */
export function numberOf(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number(match[1])
}

function header(number: number): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(FILE_HEAD_BYTES)
  writer.raw(bytesOf(MAGIC))
  writer.u32(VERSION)
  writer.u32(number)
  return writer.copy()
}

/** Whether the bytes begin the file of this number, of a format that this version reads. A copy of another would have chunks that check. */
function begins(bytes: Uint8Array, number: number): boolean {
  if (bytes.length < FILE_HEAD_BYTES || textOf(bytes.subarray(0, MAGIC.length)) !== MAGIC) return false
  const reader = new ByteReader(bytes.subarray(MAGIC.length))
  return reader.u32() === VERSION && [0, number].includes(reader.u32())
}

/** A part of a file in memory: whole chunks, one behind the other. */
interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where it begins in the file. */
  readonly from: number
  used: number
}

/**
 * One append-only file of chunks, or what stands for it in memory: the pages behind some place, so that it grows without being copied,
 * and what was written can go page by page. `to_ms` is the time of the newest sample in it.
 */
export class ChunkFile {
  readonly number: number
  readonly #path: string | undefined
  #fd: number | undefined
  /** Whether `#fd` is. */
  #writable = false
  /** What `#fd` reads has our header. */
  #isOurs = true
  /** One behind the other, up to the end of the file; none where all must be read from disk. */
  #pages: Page[] = []
  #held = 0
  /** Bytes that were appended, written, and are safe on disk. */
  length: number
  written: number
  #synced: number
  to_ms = -Infinity
  /** Newest sample of the first chunk. */
  began_ms = -Infinity
  /** Bytes of chunks that somebody still refers to, their heads included. */
  living = 0

  /** `length`: of one that is there; 0 begins one. */
  constructor(number: number, folder: string | undefined, length = 0) {
    this.number = number
    this.#path = folder === undefined ? undefined : join(folder, chunkFile(number))
    this.length = this.written = this.#synced = length
    if (length > 0) return
    this.#put(header(number))
  }

  /** Bytes of memory. */
  get held(): number {
    return this.#held
  }

  get isSynced(): boolean {
    return this.#path === undefined || this.#synced === this.length
  }

  /** Appends a chunk; returns the offset of its bytes. */
  append(bytes: Uint8Array): number {
    const page = this.#room(RECORD_HEAD_BYTES + bytes.length)
    const view = new DataView(page.bytes.buffer)
    view.setUint32(page.used, bytes.length, true)
    view.setUint32(page.used + 4, crc32(bytes), true)
    page.used += RECORD_HEAD_BYTES
    page.bytes.set(bytes, page.used)
    page.used += bytes.length
    const at = this.length + RECORD_HEAD_BYTES
    this.length = at + bytes.length
    this.living += RECORD_HEAD_BYTES + bytes.length
    return at
  }

  /** A chunk of this size is not referred to any more. */
  release(size: number): void {
    this.living -= RECORD_HEAD_BYTES + size
  }

  /** Content behind the header, from a snapshot. */
  restore(content: Uint8Array): void {
    this.#put(content)
  }

  /** What is in memory, page by page. */
  *contents(): Generator<Uint8Array, void> {
    for (const { bytes, used } of this.#pages) yield bytes.subarray(0, used)
  }

  /** The bytes of a chunk in memory and where they begin; undefined where they are on disk alone. */
  find(at: number): { bytes: Uint8Array; at: number } | undefined {
    const pages = this.#pages
    let low = 0
    let high = pages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (pages[middle]!.from > at) high = middle
      else low = middle + 1
    }
    const page = pages[low - 1]
    return page === undefined || at >= page.from + page.used ? undefined : { bytes: page.bytes, at: at - page.from }
  }

  /** The bytes of a chunk from disk; undefined where they are not what was written. */
  read(at: number, size: number): Uint8Array | undefined {
    const bytes = this.#bytes(at - RECORD_HEAD_BYTES, RECORD_HEAD_BYTES + size)
    return bytes !== undefined && checked(bytes, 0) === size ? bytes.subarray(RECORD_HEAD_BYTES) : undefined
  }

  /** Takes the whole file into memory, if all of it is on disk and every chunk in it is sound. */
  take(): boolean {
    const bytes = this.written < this.length ? undefined : this.#bytes(0, this.length)
    if (bytes === undefined) return false
    for (let at = FILE_HEAD_BYTES; at < bytes.length;) {
      const size = checked(bytes, at)
      if (size === undefined) return false
      at += RECORD_HEAD_BYTES + size
    }
    this.#pages = [{ bytes, from: 0, used: bytes.length }]
    this.#held = bytes.length
    return true
  }

  /** Lets go of so many bytes of memory, the oldest first, as far as they were written. Returns how many went. */
  forget(wanted: number): number {
    const before = this.#held
    let gone = 0
    for (const { bytes, from, used } of this.#pages) {
      if (before - this.#held >= wanted || from + used > this.written) break
      this.#held -= bytes.length
      gone++
    }
    this.#pages.splice(0, gone)
    return before - this.#held
  }

  /**
   * The file went from its folder: it is to be written once more, with all that memory has of it, and that which a descriptor still reads. What is in
   * neither becomes a hole, where no chunk checks. False where nothing is left.
   */
  renew(): boolean {
    const from = this.#pages[0]?.from ?? this.length
    const front = from === 0 ? undefined : this.#bytes(0, from)
    if (front === undefined && this.#pages.length === 0) return false
    if (from > 0) {
      const bytes = front ?? header(this.number)
      this.#pages.unshift({ bytes, from: 0, used: bytes.length })
      this.#held += bytes.length
    }
    this.close()
    this.written = this.#synced = 0
    return true
  }

  /** Writes what is not written yet. Throws what the file system throws; some of it may be written then. */
  write(): void {
    if (this.#path === undefined || this.written === this.length) return
    if (!this.#writable) {
      this.close()
      this.#fd = openSync(this.#path, this.written === 0 ? 'w+' : 'r+')
      this.#writable = true
    }
    for (const { bytes, from, used } of this.#pages) {
      this.written = Math.max(this.written, from)
      while (this.written < from + used) {
        const at = this.written - from
        this.written += writeSync(this.#fd!, bytes, at, used - at, this.written)
      }
    }
  }

  /**
   * What was written by now survives loss of power when this settles. Where it rejects, `written` is less: the system takes pages that it could not
   * write for written, and another sync succeeds without them, so they are written once more, as far as memory has them.
   */
  async sync(flush = datasync): Promise<void> {
    const { written } = this
    if (this.#fd === undefined || written === this.#synced) return
    try {
      await flush(this.#fd)
    } catch (error) {
      // Deleted meanwhile: nobody needs it.
      if (this.#fd !== undefined) {
        this.written = Math.min(this.written, Math.max(this.#synced, this.#pages[0]?.from ?? Infinity))
        throw error
      }
    }
    this.#synced = written
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#writable = false
  }

  remove(): void {
    this.close()
    this.#pages = []
    this.#held = 0
    if (this.#path === undefined) return
    try {
      rmSync(this.#path, { force: true })
    } catch {
      // The next life finds that nobody knows it.
    }
  }

  /** Appends bytes that are no chunk. */
  #put(bytes: Uint8Array): void {
    const page = this.#room(bytes.length)
    page.bytes.set(bytes, page.used)
    page.used += bytes.length
    this.length += bytes.length
  }

  /** A page at the end with room for so many bytes. */
  #room(size: number): Page {
    const last = this.#pages.at(-1)
    if (last !== undefined && last.used + size <= last.bytes.length) return last
    const page = { bytes: new Uint8Array(Math.max(PAGE_BYTES, size)), from: this.length, used: 0 }
    this.#pages.push(page)
    this.#held += page.bytes.length
    return page
  }

  #bytes(at: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    try {
      if (this.#fd === undefined) {
        // Where nobody may write, what is there can be read.
        this.#fd = openSync(this.#path!, 'r')
        this.#isOurs = begins(readFrom(this.#fd, 0, FILE_HEAD_BYTES) ?? new Uint8Array(), this.number)
      }
      return this.#isOurs ? readFrom(this.#fd, at, length) : undefined
    } catch {
      return undefined
    }
  }
}

/** So many bytes of a file; undefined where it ends before. */
function readFrom(fd: number, at: number, length: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const read = readSync(fd, bytes, done, length - done, at + done)
    if (read === 0) return undefined
    done += read
  }
  return bytes
}

/** The size of the chunk whose record begins there; undefined where it is torn or damaged. */
function checked(bytes: Uint8Array, at: number): number | undefined {
  if (at + RECORD_HEAD_BYTES > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at)
  const size = view.getUint32(0, true)
  const start = at + RECORD_HEAD_BYTES
  if (start + size > bytes.length) return undefined
  return crc32(bytes.subarray(start, start + size)) === view.getUint32(4, true) ? size : undefined
}
