import { bytesOfPart, type MadePart, type Part } from '../component.ts'
import { ByteWriter } from './bytes.ts'

/** A column of so many bytes is handed on as it lies in memory; a shorter one is copied. */
const OWN_BYTES = 4096

/**
 * A `ByteWriter` whose long columns are not copied: what was written comes out as parts, of which those are views. They say what was
 * written until a column is changed.
 */
export class PartWriter extends ByteWriter {
  #parts: Uint8Array[] = []

  override column(values: ArrayBufferView): void {
    if (values.byteLength < OWN_BYTES) {
      super.column(values)
      return
    }
    this.#flush()
    this.#parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }

  /** What was written since the last time. */
  take(): readonly Uint8Array[] {
    this.#flush()
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  #flush(): void {
    if (this.length === 0) return
    this.#parts.push(this.copy())
    this.clear()
  }
}

/** Parts in one. */
export function joined(parts: Iterable<Part | MadePart>): Uint8Array<ArrayBuffer> {
  const all = [...parts].flatMap((part) => [...bytesOfPart(part)])
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of all) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
