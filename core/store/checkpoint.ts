import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { z } from 'zod'

import { assert } from '../assert.ts'
import { checksum } from '../checksum.ts'
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
/** What is done at once while requests come in: to write and sum up so much takes about a millisecond, in at most so many pieces. */
const SLICE_BYTES = 1 << 20
const SLICES = 512
const SPACE = 0x20

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
  if (checksum(text) !== reader.u32()) throw new Damaged('the checksum of its header does not fit')
  return parseJson(textOf(text), schema, 'its header')
}

function readSections(fd: number, header: Header): Map<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>()
  for (const { name, length, crc } of header.sections) {
    const bytes = readAll(fd, length)
    if (checksum(bytes) !== crc) throw new Damaged(`the checksum of its section ${name} does not fit`)
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

/** Sections of a file that is being written. */
type Sections = Header['sections']

/** With numbers as long as they get: the header is written last, in the place that this has. */
function longest(names: readonly string[]): Uint8Array {
  const [length, crc] = [Number.MAX_SAFE_INTEGER, 0xffff_ffff]
  return headerOf(
    Number.MAX_SAFE_INTEGER,
    names.map((name) => ({ name, length, crc })),
  )
}

function headerOf(segment: number, sections: Sections): Uint8Array {
  return bytesOf(JSON.stringify({ segment, sections } satisfies Header))
}

/** The beginning of a file; a header is filled up with spaces. */
function beginning(header: Uint8Array, room: number): Uint8Array {
  const padded = new Uint8Array(room).fill(SPACE)
  padded.set(header)
  const writer = new ByteWriter(PREFIX_BYTES + room)
  writer.raw(bytesOf(MAGIC))
  writer.u32(VERSION)
  writer.u32(room)
  writer.u32(checksum(padded))
  writer.raw(padded)
  return writer.view()
}

/** Views of at most `SLICE_BYTES` of parts one behind the other, gathered to about as much. */
function* slicesOf(parts: Iterable<Uint8Array>): Generator<readonly Uint8Array[], void> {
  let gathered: Uint8Array[] = []
  let size = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; at += SLICE_BYTES) {
      const slice = part.subarray(at, at + SLICE_BYTES)
      if (size + slice.length > SLICE_BYTES || gathered.length === SLICES) {
        yield gathered
        gathered = []
        size = 0
      }
      gathered.push(slice)
      size += slice.length
    }
    if (part.length === 0) yield []
  }
  yield gathered
}

async function writeAll(file: FileHandle, slices: readonly Uint8Array[]): Promise<void> {
  let rest = slices
  while (rest.length > 0) {
    let { bytesWritten: written } = await file.writev(rest)
    const left: Uint8Array[] = []
    for (const slice of rest) {
      if (written < slice.length) left.push(slice.subarray(written))
      written = Math.max(0, written - slice.length)
    }
    rest = left
  }
}

/** Writes a section behind the others. Between two slices others have their turn. */
async function writeSection(file: FileHandle, name: string, parts: Iterable<Uint8Array>): Promise<Sections[number]> {
  let [length, crc] = [0, 0]
  for (const slices of slicesOf(parts)) {
    const writing = writeAll(file, slices)
    // While they are on their way.
    for (const slice of slices) {
      crc = checksum(slice, crc)
      length += slice.length
    }
    await (slices.length > 0 ? writing : setImmediate())
  }
  return { name, length, crc }
}

/** Writes all sections, then the header before them; returns the size of the file. */
async function writeFile(
  file: FileHandle,
  parts: readonly { readonly name: string; readonly parts: Iterable<Uint8Array> }[],
  segment: number,
): Promise<number> {
  const room = longest(parts.map(({ name }) => name)).length
  await writeAll(file, [beginning(new Uint8Array(), room)])
  const sections: Sections = []
  for (const one of parts) sections.push(await writeSection(file, one.name, one.parts))
  const head = beginning(headerOf(segment, sections), room)
  await file.write(head, 0, head.length, 0)
  return head.length + sections.reduce((sum, { length }) => sum + length, 0)
}

/** A half file is of no use; what stands in the way of writing may stand in the way of this. */
async function discard(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch {
    // It is overwritten next time.
  }
}

/** A checkpoint on its way. */
export interface Writing {
  /** The state is taken down, or cannot be: inputs may go on. Never rejects. */
  readonly captured: Promise<void>
  /**
   * Resolves to the oldest segment that is still needed, for `dropBefore`: that of the previous checkpoint. Rejects with
   * `ServiceError('unavailable')` when it cannot be written; the old ones stay.
   */
  readonly done: Promise<number>
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
   * Begins to write the state that there is now: what the journal holds from `segment` on is not in it. No input may be applied
   * until `captured` is settled. One at a time.
   */
  write(snapshots: readonly Snapshot[], segment: number): Writing {
    assert(!this.#writing, 'a checkpoint is being written')
    this.#writing = true
    const captured = Promise.withResolvers<void>()
    const done = this.#write(snapshots, segment, captured.resolve).finally(() => {
      this.#writing = false
    })
    return { captured: captured.promise, done }
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

  async #write(snapshots: readonly Snapshot[], segment: number, captured: () => void): Promise<number> {
    const temporary = `${this.#path}.tmp`
    try {
      // All at once, before anything else happens: those that send to others go on meanwhile. They are small.
      const sections = snapshots.map((snapshot) => ({
        name: snapshot.name,
        parts: snapshot.parts?.() ?? [snapshot.save()],
      }))
      await mkdir(this.#folder, { recursive: true })
      const file = await open(temporary, 'w')
      let size: number
      try {
        size = await writeFile(file, sections, segment)
        captured()
        await file.sync()
      } finally {
        await file.close()
      }
      for (const snapshot of snapshots) await snapshot.durable?.()
      const oldest = await this.#replace(temporary, segment)
      this.#bytes = size
      return oldest
    } catch (error) {
      captured()
      await discard(temporary)
      throw new ServiceError('unavailable', `${this.#path} cannot be written; is the disk full?`, { cause: error })
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
