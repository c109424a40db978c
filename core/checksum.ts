import { createRequire } from 'node:module'
import { crc32 } from 'node:zlib'

type Checksum = (bytes: Uint8Array, before?: number) => number

/**
 * CRC-32 of RFC 1952, from `before` on: that of the bytes before these. By the instructions that processors have for it where the optional
 * package is there for this one; else Node's own, which knows none and takes three times as long.
 */
export const checksum: Checksum = native() ?? crc32

function native(): Checksum | undefined {
  try {
    const { crc32: fast } = createRequire(import.meta.url)('@node-rs/crc32') as { readonly crc32: Checksum }
    return fast
  } catch {
    return undefined
  }
}
