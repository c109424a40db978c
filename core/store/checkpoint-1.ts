import { z } from 'zod'

import { checksum } from '../checksum.ts'
import { ByteReader } from './bytes.ts'
import type { CheckpointFile } from './checkpoint-file.ts'
import { Damaged, readAll } from './file-bytes.ts'
import { parseJson, textOf } from './json.ts'

const HEADER_LIMIT = 1 << 20

const schema = z.object({
  segment: z.number().int().nonnegative(),
  sections: z.array(z.object({ name: z.string(), length: z.number().int().nonnegative(), crc: z.number() })),
})

/**
 * Format 1: length and CRC-32 of the header, the header (JSON, filled up with spaces), then the sections one behind
 * the other. Read from behind the version.
 */
export function loadCheckpoint1(fd: number): CheckpointFile {
  const reader = new ByteReader(readAll(fd, 8))
  const length = reader.u32()
  if (length > HEADER_LIMIT) throw new Damaged('its header is too long')
  const text = readAll(fd, length)
  if (checksum(text) !== reader.u32()) throw new Damaged('the checksum of its header does not fit')
  const header = parseJson(textOf(text), schema, 'its header')
  return { segment: header.segment, sections: () => loadSections(fd, header.sections) }
}

function loadSections(fd: number, known: z.infer<typeof schema>['sections']): Map<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>()
  for (const { name, length, crc } of known) {
    const bytes = readAll(fd, length)
    if (checksum(bytes) !== crc) throw new Damaged(`the checksum of its section ${name} does not fit`)
    sections.set(name, bytes)
  }
  return sections
}
