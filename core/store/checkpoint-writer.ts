import type { FileHandle } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'

import { checksum } from '../checksum.ts'
import type { MadePart, Part, SteadyPart } from '../component.ts'
import { directoryOf, type Extent, HEADER_BYTES, headerOf, type Section } from './checkpoint-file.ts'
import { FileRoom } from './file-room.ts'

/** What is done at once while requests come in: to write and sum up so much takes about a millisecond, in at most so many pieces. */
const SLICE_BYTES = 1 << 20
const SLICES = 512
/** A shorter part is written wherever it comes: to know where it lies costs more. */
const STEADY_BYTES = 4096

/** A steady part, or one that was made, as a file has it. */
interface Place {
  readonly version: object
  readonly extents: readonly Extent[]
}

/** The steady parts of a file, as they come: what need not be written again when the file is written over. */
export type Layout = readonly Place[]

interface Slice {
  readonly bytes: Uint8Array
  readonly extent: Extent
}

function extentsOf(layout: Layout): Extent[] {
  return layout.flatMap(({ extents }) => extents)
}

async function writeAll(file: FileHandle, slices: readonly Slice[], position: number): Promise<void> {
  let rest: readonly Uint8Array[] = slices.map(({ bytes }) => bytes)
  for (let at = position; rest.length > 0;) {
    let { bytesWritten: written } = await file.writev(rest, at)
    at += written
    const left: Uint8Array[] = []
    for (const slice of rest) {
      if (written < slice.length) left.push(slice.subarray(written))
      written = Math.max(0, written - slice.length)
    }
    rest = left
  }
}

/**
 * Writes sections over a file of which it is known what steady parts it has. Those stay where they lie, and are not touched if they are what they were;
 * everything else goes to the room between and behind them.
 */
export class CheckpointWriter {
  readonly #file: FileHandle
  readonly #before: Layout
  readonly #room: FileRoom
  readonly #places: Place[] = []
  readonly #sections: Section[] = []
  /** Of the section at hand, and the one of them that grows. */
  #extents: Extent[] = []
  #open: Extent | undefined
  /** What is written next, in one. */
  #slices: Slice[] = []
  #position = 0
  #size = 0

  /** `before`: of the file as it is; empty where nothing is known of it. */
  constructor(file: FileHandle, before: Layout) {
    this.#file = file
    this.#before = before
    this.#room = new FileRoom(HEADER_BYTES, extentsOf(before))
  }

  /** Writes a section. Between two slices others have their turn. */
  async section(name: string, parts: Iterable<Part | MadePart>): Promise<void> {
    this.#extents = []
    this.#open = undefined
    for (const part of parts) {
      if ('make' in part) await this.#made(part)
      else if (!('steady' in part)) await this.#append(part)
      else if (part.length < STEADY_BYTES) await this.#append(part.steady)
      else await this.#place(part)
    }
    await this.#flush()
    this.#sections.push({ name, extents: this.#extents })
  }

  /** Writes directory and header; what lies behind is cut off. Returns the size of the file, and what it has now. */
  async finish(segment: number): Promise<{ readonly bytes: number; readonly layout: Layout }> {
    const bytes = directoryOf(this.#sections)
    const directory = { ...this.#room.whole(bytes.length), crc: 0 }
    await this.#put(bytes, directory, directory.offset)
    await this.#flush()
    const header = headerOf(segment, directory)
    await this.#file.write(header, 0, header.length, 0)
    const ends = extentsOf(this.#places).map(({ offset, length }) => offset + length)
    const end = ends.reduce((most, one) => Math.max(most, one), this.#room.end)
    await this.#file.truncate(end)
    return { bytes: end, layout: this.#places }
  }

  /** Where there is room, in extents of at most a slice. Where there is nothing to write, others have their turn. */
  async #append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) await setImmediate()
    for (let at = 0; at < bytes.length;) {
      const { offset, length } = this.#room.some(Math.min(bytes.length - at, SLICE_BYTES))
      let open = this.#open
      if (open === undefined || open.offset + open.length !== offset || open.length + length > SLICE_BYTES) {
        open = this.#open = { offset, length: 0, crc: 0 }
        this.#extents.push(open)
      }
      open.length += length
      await this.#put(bytes.subarray(at, (at += length)), open, offset)
    }
  }

  /** Where the part that was the same in order lies, if it is as long. */
  async #place({ steady, version, length }: SteadyPart): Promise<void> {
    this.#open = undefined
    const before = this.#before[this.#places.length]
    const [first, second] = before?.extents ?? []
    const fits = first?.length === length && second === undefined
    if (fits && before?.version === version) return this.#keep(before)
    const extent = { ...(fits ? first : this.#room.whole(length)), crc: 0 }
    this.#keep({ version, extents: [extent] })
    for (let at = 0; at < length; at += SLICE_BYTES) {
      await this.#put(steady.subarray(at, at + SLICE_BYTES), extent, extent.offset + at)
    }
  }

  /** Where it was before, if it is what it was; else where there is room. */
  async #made({ make, version }: MadePart): Promise<void> {
    this.#open = undefined
    const before = this.#before[this.#places.length]
    if (before?.version === version) return this.#keep(before)
    const from = this.#extents.length
    for (const part of make()) await this.#append(part)
    this.#places.push({ version, extents: this.#extents.slice(from) })
    this.#open = undefined
  }

  #keep(place: Place): void {
    this.#places.push(place)
    for (const extent of place.extents) this.#extents.push(extent)
  }

  async #put(bytes: Uint8Array, extent: Extent, position: number): Promise<void> {
    const joins = position === this.#position + this.#size && this.#slices.length < SLICES
    if (!joins || this.#size + bytes.length > SLICE_BYTES) await this.#flush()
    if (this.#slices.length === 0) this.#position = position
    this.#slices.push({ bytes, extent })
    this.#size += bytes.length
  }

  async #flush(): Promise<void> {
    if (this.#slices.length === 0) return
    const writing = writeAll(this.#file, this.#slices, this.#position)
    // While they are on their way.
    for (const { bytes, extent } of this.#slices) extent.crc = checksum(bytes, extent.crc)
    this.#slices = []
    this.#size = 0
    await writing
  }
}
