import { closeSync, fdatasync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'

import { ByteReader, ByteWriter } from './bytes.ts'
import { grown } from './grow.ts'
import { bytesOf, textOf } from './json.ts'

const MAGIC = 'BAROCHNK'
const VERSION = 1
/** Magic, version, four bytes of nothing. */
export const FILE_HEAD_BYTES = 16
/** Before each chunk: its size and CRC-32. */
const RECORD_HEAD_BYTES = 8
const FIRST_BYTES = 1 << 16
const NAME = /^(\d{8})\.chunk$/

const datasync = promisify(fdatasync)

export function chunkFile(number: number): string {
  return `${String(number).padStart(8, '0')}.chunk`
}

/** The number of a file of that name; undefined for other files. */
export function numberOf(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number(match[1])
}

function header(): Uint8Array {
  const writer = new ByteWriter(FILE_HEAD_BYTES)
  writer.raw(bytesOf(MAGIC))
  writer.u32(VERSION)
  writer.u32(0)
  return writer.view()
}

/** Whether the bytes begin a file that this version reads. */
export function isChunkFile(bytes: Uint8Array): boolean {
  if (bytes.length < FILE_HEAD_BYTES || textOf(bytes.subarray(0, MAGIC.length)) !== MAGIC) return false
  return new ByteReader(bytes.subarray(MAGIC.length)).u32() === VERSION
}

/** One append-only file of chunks, or what stands for it in memory. `to_ms` is the time of the newest sample in it. */
export class ChunkFile {
  readonly number: number
  readonly #path: string | undefined
  #fd: number | undefined
  /** Whether `#fd` is. */
  #writable = false
  /** All of the file; undefined where it must be read from disk. */
  #memory: Uint8Array<ArrayBuffer> | undefined
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
    this.#memory = new Uint8Array(FIRST_BYTES)
    this.#memory.set(header())
    this.length = FILE_HEAD_BYTES
  }

  /** What of it is in memory. */
  get held(): number {
    return this.#memory?.length ?? 0
  }

  get isSynced(): boolean {
    return this.#path === undefined || this.#synced === this.length
  }

  /** Appends a chunk; returns the offset of its bytes. */
  append(bytes: Uint8Array): number {
    const at = this.length + RECORD_HEAD_BYTES
    const memory = (this.#memory = grown(this.#memory!, at + bytes.length))
    const view = new DataView(memory.buffer)
    view.setUint32(this.length, bytes.length, true)
    view.setUint32(this.length + 4, crc32(bytes), true)
    memory.set(bytes, at)
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
    this.#memory = grown(this.#memory!, FILE_HEAD_BYTES + content.length)
    this.#memory.set(content, FILE_HEAD_BYTES)
    this.length = FILE_HEAD_BYTES + content.length
  }

  /** A view of the file's bytes, where they are in memory. */
  get memory(): Uint8Array<ArrayBuffer> | undefined {
    return this.#memory
  }

  /** The bytes of a chunk from disk; undefined where they are not what was written. */
  read(at: number, size: number): Uint8Array | undefined {
    const bytes = this.#bytes(at - RECORD_HEAD_BYTES, RECORD_HEAD_BYTES + size)
    return bytes !== undefined && checked(bytes, 0) === size ? bytes.subarray(RECORD_HEAD_BYTES) : undefined
  }

  /** Takes the whole file into memory, if every chunk in it is sound. */
  take(): boolean {
    const bytes = this.#bytes(0, this.length)
    if (bytes === undefined || !isChunkFile(bytes)) return false
    for (let at = FILE_HEAD_BYTES; at < bytes.length;) {
      const size = checked(bytes, at)
      if (size === undefined) return false
      at += RECORD_HEAD_BYTES + size
    }
    this.#memory = bytes
    return true
  }

  /** Lets the memory go; what was written stays. */
  forget(): void {
    this.#memory = undefined
  }

  /** Writes what is not written yet. Throws what the file system throws; some of it may be written then. */
  write(): void {
    if (this.#path === undefined || this.written === this.length) return
    if (!this.#writable) {
      this.close()
      this.#fd = openSync(this.#path, this.written === 0 ? 'w+' : 'r+')
      this.#writable = true
    }
    while (this.written < this.length) {
      const left = this.length - this.written
      this.written += writeSync(this.#fd!, this.#memory!, this.written, left, this.written)
    }
  }

  /** What was written by now survives loss of power when this settles. */
  async sync(): Promise<void> {
    const { written } = this
    if (this.#fd === undefined || written === this.#synced) return
    try {
      await datasync(this.#fd)
    } catch (error) {
      // Deleted meanwhile: nobody needs it.
      if (this.#fd !== undefined) throw error
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
    this.forget()
    if (this.#path === undefined || this.written === 0) return
    try {
      rmSync(this.#path, { force: true })
    } catch {
      // The next life finds that nobody knows it.
    }
  }

  #bytes(at: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const bytes = new Uint8Array(length)
    try {
      // Where nobody may write, what is there can be read.
      this.#fd ??= openSync(this.#path!, 'r')
      for (let done = 0; done < length;) {
        const read = readSync(this.#fd, bytes, done, length - done, at + done)
        if (read === 0) return undefined
        done += read
      }
    } catch {
      return undefined
    }
    return bytes
  }
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
