import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'

import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import { ByteReader, ByteWriter } from '#core/store/bytes.ts'
import { bytesOf, textOf } from '#core/store/json.ts'

const MAGIC = 'BAROSENT'
const VERSION = 1

/**
 * How far each shard of a writer has got, in a small file that is written over after each request: magic, version, number
 * of shards, a float64 for each, CRC-32. With it a process that was killed sends again only what was under way.
 */
export class SentMarks {
  readonly #path: string
  readonly #log: Log
  readonly #out = new ByteWriter(64)
  #fd: number | undefined
  #failed = false

  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
  }

  /** One number a shard; undefined where there are none, or not that many. */
  read(shards: number): Float64Array | undefined {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(this.#path)
    } catch {
      return undefined
    }
    const marks = parse(bytes)
    if (marks === undefined)
      this.#log.warn('the file of what was sent is damaged; some of it is sent again', { path: this.#path })
    return marks?.length === shards ? marks : undefined
  }

  /** A failure is told once: what was sent since is sent again after a crash, no more. */
  write(marks: Float64Array): void {
    const out = this.#out
    out.clear()
    out.raw(bytesOf(MAGIC))
    out.u32(VERSION)
    out.u32(marks.length)
    for (const mark of marks) out.f64(mark)
    out.u32(crc32(out.view()))
    try {
      this.#fd ??= this.#open()
      writeSync(this.#fd, out.view(), 0, out.length, 0)
      this.#failed = false
    } catch (error) {
      if (!this.#failed) this.#log.warn('what was sent cannot be noted', { path: this.#path, error: messageOf(error) })
      this.#failed = true
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(): number {
    mkdirSync(dirname(this.#path), { recursive: true })
    return openSync(this.#path, 'w')
  }
}

function parse(bytes: Uint8Array): Float64Array | undefined {
  const head = MAGIC.length + 8
  if (bytes.length < head + 4 || textOf(bytes.subarray(0, MAGIC.length)) !== MAGIC) return undefined
  const reader = new ByteReader(bytes.subarray(MAGIC.length))
  if (reader.u32() !== VERSION) return undefined
  const count = reader.u32()
  if (reader.left !== count * 8 + 4) return undefined
  const marks = reader.floats(count)
  return reader.u32() === crc32(bytes.subarray(0, bytes.length - 4)) ? marks : undefined
}
