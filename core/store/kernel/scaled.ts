import { varintLength, writeVarint } from './varint'

/** What `scaledLength` of `../scaled-column.ts` says. */
export function scaledLength(codes: usize, count: i32): i32 {
  const end = codes + ((<usize>count) << 3)
  let size = 1
  let run = 0
  for (let at = codes; at < end; at += 8) {
    const code = load<u64>(at)
    if (code == 0) {
      run++
      continue
    }
    if (run > 0) size += 1 + varintLength(run)
    run = 0
    size += varintLength(code)
  }
  return run > 0 ? size + 1 + varintLength(run) : size
}

/** What `writeScaled` does. */
export function writeScaled(scale: i32, codes: usize, count: i32, start: usize): usize {
  const end = codes + ((<usize>count) << 3)
  store<u8>(start, scale)
  let at = start + 1
  let run = 0
  for (let place = codes; place < end; place += 8) {
    const code = load<u64>(place)
    if (code == 0) {
      run++
      continue
    }
    if (run > 0) {
      store<u8>(at, 0)
      at = writeVarint(run, at + 1)
      run = 0
    }
    at = writeVarint(code, at)
  }
  if (run == 0) return at
  store<u8>(at, 0)
  return writeVarint(run, at + 1)
}
