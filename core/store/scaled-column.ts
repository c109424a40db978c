import { divisorOf } from './decimal-scale.ts'
import { codesOf, type Order, unzigzag } from './differences.ts'

export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

export function writeVarint(value: number, out: Uint8Array, at: number): number {
  let high = value
  let end = at
  while (high >= 2 ** 31) {
    const rest = Math.floor(high / 128)
    // Not by `%`: of floats it is dear.
    out[end++] = (high - rest * 128) | 128
    high = rest
  }
  let low = high | 0
  for (; low >= 128; low >>>= 7) out[end++] = low | 128
  out[end++] = low
  return end
}

/** `scaledLength` is at least this: a byte each that is not 0. Told without a branch on any of them. */
export function leastLength(order: Order, count: number): number {
  const codes = codesOf(order)
  let length = 1
  for (let i = 0; i < count; i++) length += Number(codes[i] !== 0)
  return length
}

/** Bytes of the last differences of this order; those of 0 are written as 0 and the length of their run. */
export function scaledLength(order: Order, count: number): number {
  const codes = codesOf(order)
  let size = 1
  let run = 0
  for (let i = 0; i < count; i++) {
    const code = codes[i]!
    if (code === 0) {
      run++
      continue
    }
    if (run > 0) size += 1 + varintLength(run)
    run = 0
    size += code < 128 ? 1 : varintLength(code)
  }
  return run > 0 ? size + 1 + varintLength(run) : size
}

/** Writes the last differences of this order; returns where they end. */
export function writeScaled(scale: number, order: Order, count: number, out: Uint8Array, start: number): number {
  const codes = codesOf(order)
  out[start] = scale
  let at = start + 1
  let run = 0
  for (let i = 0; i < count; i++) {
    const code = codes[i]!
    if (code === 0) {
      run++
      continue
    }
    if (run > 0) {
      out[at++] = 0
      at = writeVarint(run, out, at)
      run = 0
    }
    if (code < 128) out[at++] = code
    else at = writeVarint(code, out, at)
  }
  if (run === 0) return at
  out[at++] = 0
  return writeVarint(run, out, at)
}

/** `count` values of the given order from `bytes` at `start` to `values` at `to`. */
export function decodeScaled(
  bytes: Uint8Array,
  start: number,
  order: Order,
  target: { values: Float64Array; to: number; count: number },
): void {
  const { values, to, count } = target
  const divisor = divisorOf(bytes[start]!)
  let at = start + 1
  let whole = 0
  let step = 0
  let run = 0
  for (let i = 0; i < count; i++) {
    let difference = 0
    if (run > 0) run--
    else {
      let code = bytes[at++]!
      if (code >= 128) {
        code -= 128
        for (let scale = 128; ; scale *= 128) {
          const byte = bytes[at++]!
          code += (byte & 127) * scale
          if (byte < 128 || byte === undefined) break
        }
      }
      if (code === 0) {
        run = bytes[at++]!
        if (run >= 128) run = run - 128 + bytes[at++]! * 128
        run--
      } else difference = unzigzag(code)
    }
    whole += step + difference
    if (order === 2 && i > 0) step += difference
    values[to + i] = whole / divisor
  }
}
