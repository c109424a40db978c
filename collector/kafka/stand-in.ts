/** Where the numbers stand before the packed records of a batch (record batch, format 2). */
const BEFORE = { records: 4, lastOffsetDelta: 38 }
const RECORD_MAX = 12

/** Numbers of records are written with the sign in the lowest bit, seven bits a byte. */
function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value * 2
  let next = at
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[next++] = (rest % 128) | 128
  target[next++] = rest
  return next
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value * 2; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

/**
 * Records in place of a batch that cannot be unpacked: as many, on offsets from its first to its last, each with one byte,
 * in a buffer of their own. `packed` is a view into the answer of the broker, with the head of its batch before it.
 */
export function standIn(packed: Buffer): Buffer<ArrayBuffer> {
  const head = Buffer.from(packed.buffer, packed.byteOffset - BEFORE.lastOffsetDelta, BEFORE.lastOffsetDelta)
  const last = head.readInt32BE(0)
  const count = head.readInt32BE(BEFORE.lastOffsetDelta - BEFORE.records)
  const records = Buffer.allocUnsafeSlow(count * RECORD_MAX)
  let at = 0
  for (let i = 0; i < count; i++) {
    const delta = i === count - 1 ? last : i
    at = writeVarint(records, at, 6 + varintLength(delta))
    // No attributes, no time of its own.
    records[at++] = 0
    records[at++] = 0
    at = writeVarint(records, at, delta)
    // No key, a value of one byte, no headers. Absent is -1.
    records.set([1, 2, 0, 0], at)
    at += 4
  }
  return records.subarray(0, at)
}
