/** Scaled values stay below this, so that differences of differences are still whole doubles. */
const LIMIT = 2 ** 45
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const

let scaled = new Float64Array(256)

/** The smallest power of ten at which every value is a whole number and comes back exactly; -1 when there is none. */
function exponentOf(values: Float64Array, from: number, to: number): number {
  if (scaled.length < to - from) scaled = new Float64Array((to - from) * 2)
  next: for (let exponent = 0; exponent < POWERS.length; exponent++) {
    const power = POWERS[exponent]!
    for (let i = from; i < to; i++) {
      const value = values[i]!
      const whole = Math.round(value * power)
      if (!(whole <= LIMIT && whole >= -LIMIT && whole / power === value)) continue next
      // -0 equals 0, but is not its bits.
      if (whole === 0 && Object.is(value, -0)) return -1
      scaled[i - from] = whole
    }
    return exponent
  }
  return -1
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

function writeVarint(value: number, out: Uint8Array, at: number): number {
  let rest = value
  let end = at
  while (rest >= 128) {
    out[end++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  out[end++] = rest
  return end
}

const zigzag = (value: number): number => (value >= 0 ? value * 2 : value * -2 - 1)

/** Bytes that differences of this order need; differences of 0 are written as 0 and the length of their run. */
function sizeOf(order: 1 | 2, count: number): number {
  let size = 0
  let before = 0
  let step = 0
  let run = 0
  for (let i = 0; i < count; i++) {
    const difference = scaled[i]! - before - step
    before = scaled[i]!
    if (order === 2 && i > 0) step += difference
    if (difference === 0) {
      run++
      continue
    }
    if (run > 0) size += 1 + varintLength(run)
    run = 0
    size += varintLength(zigzag(difference))
  }
  return run > 0 ? size + 1 + varintLength(run) : size
}

function writeDifferences(order: 1 | 2, count: number, out: Uint8Array, start: number): number {
  let at = start
  let before = 0
  let step = 0
  let run = 0
  for (let i = 0; i < count; i++) {
    const difference = scaled[i]! - before - step
    before = scaled[i]!
    if (order === 2 && i > 0) step += difference
    if (difference === 0) {
      run++
      continue
    }
    if (run > 0) {
      out[at++] = 0
      at = writeVarint(run, out, at)
      run = 0
    }
    at = writeVarint(zigzag(difference), out, at)
  }
  if (run === 0) return at
  out[at++] = 0
  return writeVarint(run, out, at)
}

/** How `values[from … to)` would be written, kept until the next call; undefined when they are not decimals of one scale. */
export function planScaled(
  values: Float64Array,
  from: number,
  to: number,
): { exponent: number; order: 1 | 2; length: number } | undefined {
  const exponent = exponentOf(values, from, to)
  if (exponent < 0) return undefined
  const first = sizeOf(1, to - from)
  const second = sizeOf(2, to - from)
  return { exponent, order: second < first ? 2 : 1, length: 1 + Math.min(first, second) }
}

/** Writes what the last `planScaled` planned; returns where it ends. */
export function writeScaled(
  plan: { exponent: number; order: 1 | 2 },
  count: number,
  out: Uint8Array,
  at: number,
): number {
  out[at] = plan.exponent
  return writeDifferences(plan.order, count, out, at + 1)
}

/** `count` values of the given order from `bytes` at `start` to `values` at `to`. */
export function decodeScaled(
  bytes: Uint8Array,
  start: number,
  order: 1 | 2,
  target: { values: Float64Array; to: number; count: number },
): void {
  const { values, to, count } = target
  const power = POWERS[bytes[start]!]!
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
      } else difference = code % 2 === 0 ? code / 2 : (code + 1) / -2
    }
    whole += step + difference
    if (order === 2 && i > 0) step += difference
    values[to + i] = whole / power
  }
}
