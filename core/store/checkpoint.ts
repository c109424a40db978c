import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'

import { z } from 'zod'

import { assert } from '../assert.ts'
import type { Snapshot } from '../component.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { syncFolder } from './folder.ts'
import { bytesOf, parseJson, textOf } from './json.ts'

const MAGIC = 'BAROCHKP'
const VERSION = 1
/** Magic, version, length and CRC-32 of the header that follows. */
const PREFIX_BYTES = 20
const HEADER_LIMIT = 1 << 20
/** `fs` takes less than 2 GiB at once. */
const READ_BYTES = 1 << 26
/** What is done at once while data comes in: a checksum over this much takes about a millisecond. */
const SLICE_BYTES = 1 << 20

const schema = z.object({
  segment: z.number().int().nonnegative(),
  sections: z.array(z.object({ name: z.string(), length: z.number().int().nonnegative(), crc: z.number() })),
})

type Header = z.infer<typeof schema>

/** What is wrong with the file itself, so that the previous one may do. */
class Damaged extends Error {}

function readAll(fd: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const read = readSync(fd, bytes, done, Math.min(READ_BYTES, length - done), null)
    if (read === 0) throw new Damaged(`it ends ${length - done} bytes too early`)
    done += read
  }
  return bytes
}

/** Opens, checks and returns the header, leaving the file at its first section. */
function readHeader(fd: number): Header {
  const prefix = readAll(fd, PREFIX_BYTES)
  if (textOf(prefix.subarray(0, MAGIC.length)) !== MAGIC) throw new Damaged('it is not a checkpoint')
  const reader = new ByteReader(prefix.subarray(MAGIC.length))
  const version = reader.u32()
  if (version !== VERSION) {
    throw new ServiceError('bad_data', `it has format ${version}; this version reads format ${VERSION}`)
  }
  const length = reader.u32()
  if (length > HEADER_LIMIT) throw new Damaged('its header is too long')
  const text = readAll(fd, length)
  if (crc32(text) !== reader.u32()) throw new Damaged('the checksum of its header does not fit')
  return parseJson(textOf(text), schema, 'its header')
}

function readSections(fd: number, header: Header): Map<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>()
  for (const { name, length, crc } of header.sections) {
    const bytes = readAll(fd, length)
    if (crc32(bytes) !== crc) throw new Damaged(`the checksum of its section ${name} does not fit`)
    sections.set(name, bytes)
  }
  return sections
}

function opened<T>(path: string, read: (fd: number) => T): T {
  const fd = openSync(path, 'r')
  try {
    return read(fd)
  } finally {
    closeSync(fd)
  }
}

interface Part {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Views of at most `SLICE_BYTES`. */
function* slicesOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}

async function sectionOf({ name, bytes }: Part): Promise<Header['sections'][number]> {
  let crc = 0
  for (const slice of slicesOf(bytes)) {
    crc = crc32(slice, crc)
    await setImmediate()
  }
  return { name, length: bytes.length, crc }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (const slice of slicesOf(bytes)) {
    for (let done = 0; done < slice.length;) {
      const { bytesWritten } = await file.write(slice, done, slice.length - done)
      done += bytesWritten
    }
  }
}

/** Returns the size of the file. */
async function writeFile(path: string, parts: readonly Part[], segment: number): Promise<number> {
  const sections: Header['sections'] = []
  for (const part of parts) sections.push(await sectionOf(part))
  const header = bytesOf(JSON.stringify({ segment, sections } satisfies Header))
  const prefix = new ByteWriter(PREFIX_BYTES)
  prefix.raw(bytesOf(MAGIC))
  prefix.u32(VERSION)
  prefix.u32(header.length)
  prefix.u32(crc32(header))
  const file = await open(path, 'w')
  try {
    for (const bytes of [prefix.view(), header, ...parts.map((part) => part.bytes)]) await writeAll(file, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  return PREFIX_BYTES + header.length + parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** A half file is of no use; what stands in the way of writing may stand in the way of this. */
async function discard(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch {
    // It is overwritten next time.
  }
}

/**
 * The state of every `Snapshot` in one file, `checkpoint`, with the journal segment that continues it. Replaced as a whole;
 * the one before stays as `checkpoint.previous`.
 */
export class Checkpoint {
  readonly #folder: string
  readonly #path: string
  readonly #log: Log
  /** Set when loading found `checkpoint` damaged: it must not replace the previous one. */
  #damaged = false
  #writing = false
  #bytes = 0

  constructor({ folder, log }: { readonly folder: string; readonly log: Log }) {
    this.#folder = folder
    this.#path = join(folder, 'checkpoint')
    this.#log = log
  }

  /** Size of the file that was written or loaded last, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Saves every snapshot before it returns, then writes while the process goes on; what the journal holds from `segment` on is
   * not in them. One at a time. Resolves to the oldest segment that is still needed, for `dropBefore`: that of the previous
   * checkpoint. Rejects with `ServiceError('unavailable')` when it cannot be written; the old ones stay.
   */
  async write(snapshots: readonly Snapshot[], segment: number): Promise<number> {
    assert(!this.#writing, 'a checkpoint is being written')
    const temporary = `${this.#path}.tmp`
    const parts = snapshots.map((snapshot) => ({ name: snapshot.name, bytes: snapshot.save() }))
    this.#writing = true
    try {
      await mkdir(this.#folder, { recursive: true })
      const size = await writeFile(temporary, parts, segment)
      for (const snapshot of snapshots) await snapshot.durable?.()
      const oldest = await this.#replace(temporary, segment)
      this.#bytes = size
      return oldest
    } catch (error) {
      await discard(temporary)
      throw new ServiceError('unavailable', `${this.#path} cannot be written; is the disk full?`, { cause: error })
    } finally {
      this.#writing = false
    }
  }

  /**
   * Loads every snapshot. Returns the segment from which the journal is to be applied; undefined where there is no
   * checkpoint. A damaged one is replaced by the previous, if `segments` (what the journal has) continue that. Throws
   * `ServiceError('bad_data')`: damaged, another format version, or a section that nobody here knows.
   */
  load(snapshots: readonly Snapshot[], segments: readonly number[]): number | undefined {
    const previous = this.#previousPath()
    if (!existsSync(this.#path)) return existsSync(previous) ? this.#loadLast(previous, snapshots) : undefined
    try {
      return this.#loadFile(this.#path, snapshots)
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      this.#damaged = true
      const from = this.#segmentOf(previous)
      if (from === undefined || !segments.includes(from)) throw this.#lost(this.#path, error)
      this.#log.warn('The checkpoint is damaged; the previous one and the journal since are used.', {
        path: this.#path,
        reason: error.message,
      })
      return this.#loadLast(previous, snapshots)
    }
  }

  /** Puts a whole file in the place of the checkpoint, which becomes the previous one unless it is damaged. */
  async #replace(temporary: string, segment: number): Promise<number> {
    const previous = this.#previousPath()
    const older = this.#damaged ? undefined : this.#segmentOf(this.#path)
    if (older !== undefined) await rename(this.#path, previous)
    await rename(temporary, this.#path)
    await syncFolder(this.#folder)
    this.#damaged = false
    return Math.min(segment, older ?? this.#segmentOf(previous) ?? segment)
  }

  #previousPath(): string {
    return `${this.#path}.previous`
  }

  /** Loads a file behind which there is no other. */
  #loadLast(path: string, snapshots: readonly Snapshot[]): number {
    try {
      return this.#loadFile(path, snapshots)
    } catch (error) {
      throw error instanceof Damaged ? this.#lost(path, error) : error
    }
  }

  #lost(path: string, error: Damaged): ServiceError {
    const advice = 'restore it from a backup, or move it and the journal away to start with nothing'
    return new ServiceError('bad_data', `${path} is damaged: ${error.message}; ${advice}`)
  }

  #loadFile(path: string, snapshots: readonly Snapshot[]): number {
    try {
      return opened(path, (fd) => {
        const header = readHeader(fd)
        const sections = readSections(fd, header)
        for (const name of sections.keys()) {
          if (snapshots.some((snapshot) => snapshot.name === name)) continue
          throw new ServiceError(
            'bad_data',
            `it has a section ${JSON.stringify(name)}, which this version does not know`,
          )
        }
        for (const snapshot of snapshots) {
          const bytes = sections.get(snapshot.name)
          if (bytes === undefined)
            this.#log.info('The checkpoint has no section of this name yet.', { name: snapshot.name })
          else snapshot.load(bytes)
        }
        this.#bytes = header.sections.reduce((sum, { length }) => sum + length, 0)
        return header.segment
      })
    } catch (error) {
      if (error instanceof Damaged) throw error
      throw new ServiceError('bad_data', `${path}: ${messageOf(error)}`, { cause: error })
    }
  }

  /** The segment of a checkpoint file; undefined where it is missing or its header is damaged. */
  #segmentOf(path: string): number | undefined {
    if (!existsSync(path)) return undefined
    try {
      return opened(path, (fd) => readHeader(fd).segment)
    } catch {
      return undefined
    }
  }
}
