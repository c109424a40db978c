import { closeSync, openSync } from 'node:fs'

import { checksum } from '../checksum.ts'
import { ServiceError } from '../errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { loadCheckpoint1 } from './checkpoint-1.ts'
import { Damaged, readAll, readInto } from './file-bytes.ts'
import { bytesOf, textOf } from './json.ts'

const MAGIC = 'BAROCHKP'
const VERSION = 2
/** Magic and version. */
const PREFIX_BYTES = 12
/** What follows: segment, place and length of the directory (f64), its CRC-32, that of all before (u32). */
const REST_BYTES = 32
/** Where the first byte of a section may lie. */
export const HEADER_BYTES = PREFIX_BYTES + REST_BYTES

function prefixOf(): Uint8Array {
  const writer = new ByteWriter(PREFIX_BYTES)
  writer.raw(bytesOf(MAGIC))
  writer.u32(VERSION)
  return writer.view()
}

/** Bytes of a section that lie together. */
export interface Extent {
  readonly offset: number
  length: number
  crc: number
}

/** The bytes of a section are those of its extents, one after the other. */
export interface Section {
  readonly name: string
  readonly extents: readonly Extent[]
}

/**
 * Format 2: magic, version; the journal segment that continues it; where its directory lies. That says of each section its name and its extents, which
 * lie anywhere behind the header, in any order.
 */
export function headerOf(segment: number, directory: Extent): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES)
  writer.raw(prefixOf())
  for (const number of [segment, directory.offset, directory.length]) writer.f64(number)
  writer.u32(directory.crc)
  writer.u32(checksum(writer.view()))
  return writer.view()
}

export function directoryOf(sections: readonly Section[]): Uint8Array {
  const writer = new ByteWriter()
  writer.varint(sections.length)
  for (const { name, extents } of sections) {
    writer.text(name)
    writer.varint(extents.length)
    for (const { offset, length, crc } of extents) {
      writer.varint(offset)
      writer.varint(length)
      writer.u32(crc)
    }
  }
  return writer.view()
}

function readDirectory(bytes: Uint8Array): Section[] {
  const reader = new ByteReader(bytes)
  return Array.from({ length: reader.count(2) }, () => ({
    name: reader.text(),
    extents: Array.from({ length: reader.count(6) }, () => ({
      offset: reader.varint(),
      length: reader.varint(),
      crc: reader.u32(),
    })),
  }))
}

/** An open checkpoint whose header is sound. */
export interface CheckpointFile {
  readonly segment: number
  /** All sections by name. Throws `Damaged`. */
  sections(): Map<string, Uint8Array>
}

/** Opens a checkpoint of any format. Throws `Damaged`, and `ServiceError('bad_data')` for a newer format. */
export function openCheckpoint<T>(path: string, read: (file: CheckpointFile) => T): T {
  const fd = openSync(path, 'r')
  try {
    return read(loadHeader(fd))
  } finally {
    closeSync(fd)
  }
}

function loadHeader(fd: number): CheckpointFile {
  const prefix = readAll(fd, PREFIX_BYTES)
  if (textOf(prefix.subarray(0, MAGIC.length)) !== MAGIC) throw new Damaged('it is not a checkpoint')
  const version = new ByteReader(prefix.subarray(MAGIC.length)).u32()
  if (version === 1) return loadCheckpoint1(fd)
  const rest = readAll(fd, REST_BYTES)
  const reader = new ByteReader(rest)
  const [segment, offset, length, crc] = [reader.f64(), reader.f64(), reader.f64(), reader.u32()]
  // What bears the checksum of this format is of this format.
  const fits = checksum(rest.subarray(0, -4), checksum(prefixOf())) === reader.u32()
  if (version !== VERSION && !fits) {
    throw new ServiceError('bad_data', `it has format ${version}; this version reads formats 1 and ${VERSION}`)
  }
  if (version !== VERSION || !fits) throw new Damaged('the checksum of its header does not fit')
  return { segment, sections: () => loadSections(fd, { offset, length, crc }) }
}

function loadSections(fd: number, directory: Extent): Map<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>()
  const text = loadExtents(fd, { name: 'directory', extents: [directory] })
  for (const section of readDirectory(text)) sections.set(section.name, loadExtents(fd, section))
  return sections
}

function loadExtents(fd: number, { name, extents }: Section): Uint8Array {
  const bytes = new Uint8Array(extents.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const { offset, length, crc } of extents) {
    const part = bytes.subarray(at, (at += length))
    readInto(fd, part, offset)
    if (checksum(part) !== crc) throw new Damaged(`the checksum of its section ${name} does not fit`)
  }
  return bytes
}
