import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { z } from 'zod'

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
const SLICE_BYTES = 1 << 26

const schema = z.object({
  segment: z.number().int().nonnegative(),
  sections: z.array(z.object({ name: z.string(), length: z.number().int().nonnegative(), crc: z.number() })),
})

type Header = z.infer<typeof schema>

/** What is wrong with the file itself, so that the previous one may do. */
class Damaged extends Error {}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, Math.min(SLICE_BYTES, bytes.length - done))
  }
}

function readAll(fd: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const read = readSync(fd, bytes, done, Math.min(SLICE_BYTES, length - done), null)
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

function writeFile(path: string, parts: readonly { name: string; bytes: Uint8Array }[], segment: number): void {
  const sections = parts.map(({ name, bytes }) => ({ name, length: bytes.length, crc: crc32(bytes) }))
  const header = bytesOf(JSON.stringify({ segment, sections } satisfies Header))
  const prefix = new ByteWriter(PREFIX_BYTES)
  prefix.raw(bytesOf(MAGIC))
  prefix.u32(VERSION)
  prefix.u32(header.length)
  prefix.u32(crc32(header))
  const fd = openSync(path, 'w')
  try {
    for (const bytes of [prefix.view(), header, ...parts.map((part) => part.bytes)]) writeAll(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A half file is of no use; what stands in the way of writing may stand in the way of this. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true })
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

  constructor({ folder, log }: { readonly folder: string; readonly log: Log }) {
    this.#folder = folder
    this.#path = join(folder, 'checkpoint')
    this.#log = log
  }

  /**
   * Saves every snapshot; what the journal holds from `segment` on is not in them. Returns the oldest segment that is still
   * needed, for `dropBefore`: that of the previous checkpoint. Throws `ServiceError('unavailable')` when it cannot be
   * written; the old ones stay.
   */
  write(snapshots: readonly Snapshot[], segment: number): number {
    const previous = this.#previousPath()
    const temporary = `${this.#path}.tmp`
    const parts = snapshots.map((snapshot) => ({ name: snapshot.name, bytes: snapshot.save() }))
    try {
      mkdirSync(this.#folder, { recursive: true })
      writeFile(temporary, parts, segment)
      const older = this.#damaged ? undefined : this.#segmentOf(this.#path)
      if (older !== undefined) renameSync(this.#path, previous)
      renameSync(temporary, this.#path)
      syncFolder(this.#folder)
      this.#damaged = false
      return Math.min(segment, older ?? this.#segmentOf(previous) ?? segment)
    } catch (error) {
      discard(temporary)
      throw new ServiceError('unavailable', `${this.#path} cannot be written; is the disk full?`, { cause: error })
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
