const REVERSED = i8x16(7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0)

/** Writes 64 bits, the highest first. */
export function storeBits(at: usize, bits: u64): void {
  v128.store64_lane(at, i8x16.swizzle(i64x2.splat(bits), REVERSED), 0)
}

/** As many bits as it takes to write it. */
export function bitLength(value: u64): i32 {
  return 64 - <i32>clz(value)
}
