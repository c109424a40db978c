import type { Part } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import { joined } from '#core/store/part-writer.ts'

/** A byte string, or the pieces of one. */
export type Section = Uint8Array | readonly Part[]

/** Byte strings in one: their number, their lengths (u32, little endian), then they themselves. */
export function joinSections(sections: readonly Section[]): Uint8Array {
  return joined(sectionViews(sections))
}

/** The same in pieces, without a copy. */
export function sectionViews(sections: readonly Section[]): Part[] {
  const pieces = sections.map((section) => (section instanceof Uint8Array ? [section] : section))
  const lengths = pieces.map((parts) => parts.reduce((sum, { length }) => sum + length, 0))
  const head = new Uint8Array(4 + 4 * sections.length)
  const view = new DataView(head.buffer)
  view.setUint32(0, sections.length, true)
  for (const [i, length] of lengths.entries()) view.setUint32(4 + 4 * i, length, true)
  return [head, ...pieces.flat()]
}

/** The sections as views. Throws `ServiceError('bad_data')` where the lengths do not add up. */
export function splitSections(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bytes.length < 4 ? -1 : view.getUint32(0, true)
  let at = 4 + 4 * count
  if (count < 0 || at > bytes.length) throw new ServiceError('bad_data', 'sections are cut short')
  const sections: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(4 + 4 * i, true)
    sections.push(bytes.subarray(at, at + length))
    at += length
  }
  if (at !== bytes.length) throw new ServiceError('bad_data', 'sections have another length than they say')
  return sections
}
