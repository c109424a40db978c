// AssemblyScript: `npm run kernel` compiles it. Writes what `encodeInScript` of `../chunk-codec.ts` writes, byte for byte.
import { writeColumn } from './column'
import { OUTPUT } from './memory'
import { varintLength, writeVarint } from './varint'

export { DESK, DESK_COLUMNS, DESK_FLAGS, DESK_SAMPLES, FLAGS, INPUT, MOST, OUTPUT, ROOM } from './memory'

/** What `../chunk-codec.ts` has. */
const STALE: i32 = 1
const VARINTS: i32 = 2

/** What `writeFlags` of `../chunk-codec.ts` does. Up to fifteen flags behind the last are read. */
function writeFlags(flags: usize, count: i32, at: usize): usize {
  let any = 0
  for (let i = 0; i < count; i += 16) {
    const bits =
      i8x16.bitmask(i8x16.ne(v128.load(flags + i), i8x16.splat(0))) & (count - i < 16 ? (1 << (count - i)) - 1 : 0xffff)
    store<u16>(at + 1 + (i >> 3), bits)
    any |= bits
  }
  store<u8>(at, any == 0 ? VARINTS : VARINTS | STALE)
  return any == 0 ? at + 1 : at + 1 + ((count + 7) >> 3)
}

/**
 * Writes a piece of so many columns of `count` samples to `OUTPUT`, the times among them, and returns its
 * length. The first column begins at `values`, each other so many bytes behind the one before.
 */
export function encode(columns: i32, count: i32, values: usize, apart: usize, flags: usize): i32 {
  let at = writeFlags(flags, count, writeVarint(count, OUTPUT))
  let place = values
  for (let i = 0; i < columns; i++) {
    const start = at + 1
    const end = writeColumn(place, count, start)
    const length = end - start
    if (length < 128) {
      store<u8>(at, <i32>length)
      at = end
    } else {
      const size = <usize>varintLength(length)
      memory.copy(at + size, start, length)
      at = writeVarint(length, at) + length
    }
    place += apart
  }
  return <i32>(at - OUTPUT)
}
