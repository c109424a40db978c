import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/** Writes which of the pages 0 to `count` − 1 are held: how many, then each, in 32 bits. Returns them, ascending: what is in them comes next. */
export function savePages(writer: ByteWriter, count: number, isHeld: (page: number) => boolean): Uint32Array {
  const held = new Uint32Array(count)
  let length = 0
  for (let page = 0; page < count; page++) if (isHeld(page)) held[length++] = page
  writer.varint(length)
  writer.column(held.subarray(0, length))
  return held.subarray(0, length)
}

/** What `savePages` wrote. `whole`: a format that did not write it, and has every page. Throws `ServiceError('bad_data')` for pages that are none. */
export function loadPages(reader: ByteReader, count: number, whole: boolean): Uint32Array {
  if (whole) return Uint32Array.from({ length: count }, (_, page) => page)
  const held = reader.integers(reader.count(4))
  for (const [i, page] of held.entries()) {
    if (page >= count || (i > 0 && page <= held[i - 1]!)) throw new ServiceError('bad_data', `there is no page ${page}`)
  }
  return held
}
