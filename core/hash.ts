const OFFSET = 14_695_981_039_346_656_037n
const PRIME = 1_099_511_628_211n
const MASK = 0xffff_ffff_ffff_ffffn
const encoder = new TextEncoder()

/** FNV-1a, 64 bit, over UTF-8 bytes; each part is closed with 0xFF as Prometheus does for label sets. 16 hex digits. */
export function fnv1a64(parts: Iterable<string>): string {
  let hash = OFFSET
  for (const part of parts) {
    for (const byte of encoder.encode(part)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK
    hash = ((hash ^ 0xffn) * PRIME) & MASK
  }
  return hash.toString(16).padStart(16, '0')
}

/** An id that comes from content and event time, never from a random source: `f_…`, `i_…`, `c_…`. */
export function contentId(prefix: 'f' | 'i' | 'c', ...parts: readonly (string | number)[]): string {
  return `${prefix}_${fnv1a64(parts.map(String))}`
}
