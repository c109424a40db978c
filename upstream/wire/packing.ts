import { compressSync, uncompressSync } from 'snappy'

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

/** Snappy's block format, as remote write wants it. Copying out costs less than memory that stays with the native side. */
export function packed(bytes: Uint8Array): Uint8Array {
  return compressSync(viewOf(bytes), { copyOutputData: true })
}

/** What `packed` packed. */
export function unpacked(bytes: Uint8Array): Uint8Array {
  return uncompressSync(viewOf(bytes), { copyOutputData: true }) as Buffer
}
