/** A byte for each seven bits, without a branch. */
export function varintLength(value: u64): i32 {
  return (<i32>(63 - clz(value | 1)) * 9 + 73) >> 6
}

/** Returns where it ends. */
export function writeVarint(value: u64, at: usize): usize {
  let rest = value
  for (; rest >= 128; rest >>= 7) store<u8>(at++, <i32>rest | 128)
  store<u8>(at++, <i32>rest)
  return at
}
