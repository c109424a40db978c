// Ascending row numbers, each once: what is in both, in one of two, in any.

const NO_ROWS = new Uint32Array(0)
/** Where one list is so many times as long as the other, it is searched instead of walked. */
const GALLOP = 16
/** A bitmap is worth its while up to so many bits a row. */
const BITS_A_ROW = 256

/** The first index from `from` on whose row is not below `row`: steps that double, then halves. */
function seek(rows: Uint32Array, from: number, row: number): number {
  let step = 1
  let low = from
  let high = from
  while (high < rows.length && rows[high]! < row) {
    low = high + 1
    high += step
    step *= 2
  }
  if (high > rows.length) high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}

/** Rows of both. */
export function intersection(a: Uint32Array, b: Uint32Array): Uint32Array {
  const [small, large] = a.length <= b.length ? [a, b] : [b, a]
  const [count, end] = [small.length, large.length]
  const found = new Uint32Array(count)
  const gallop = end > count * GALLOP
  let length = 0
  let j = 0
  for (let i = 0; i < count; i++) {
    const row = small[i]!
    if (gallop) j = seek(large, j, row)
    else while (j < end && large[j]! < row) j++
    if (j === end) break
    if (large[j] === row) found[length++] = row
  }
  return found.subarray(0, length)
}

/** Rows of `rows` that are not in `others`. */
export function difference(rows: Uint32Array, others: Uint32Array): Uint32Array {
  if (others.length === 0) return rows
  const [count, end] = [rows.length, others.length]
  const kept = new Uint32Array(count)
  const gallop = end > count * GALLOP
  let length = 0
  let j = 0
  for (let i = 0; i < count; i++) {
    const row = rows[i]!
    if (gallop) j = seek(others, j, row)
    else while (j < end && others[j]! < row) j++
    if (others[j] !== row) kept[length++] = row
  }
  return kept.subarray(0, length)
}

/** Rows of any of the lists. */
export function union(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length <= 1) return lists[0] ?? NO_ROWS
  let total = 0
  let low = Infinity
  let high = 0
  for (const list of lists) {
    if (list.length === 0) continue
    total += list.length
    low = Math.min(low, list[0]!)
    high = Math.max(high, list.at(-1)!)
  }
  if (total === 0) return NO_ROWS
  return high - low < total * BITS_A_ROW ? byBitmap(lists, low, high) : bySorting(lists, total)
}

function byBitmap(lists: readonly Uint32Array[], low: number, high: number): Uint32Array {
  const base = low & ~31
  const bits = new Uint32Array(((high - base) >>> 5) + 1)
  let count = 0
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const at = list[i]! - base
      const bit = 1 << (at & 31)
      const word = bits[at >>> 5]!
      if ((word & bit) === 0) count++
      bits[at >>> 5] = word | bit
    }
  }
  const rows = new Uint32Array(count)
  let length = 0
  for (let i = 0; i < bits.length; i++) {
    for (let word = bits[i]!; word !== 0; word &= word - 1) {
      rows[length++] = base + i * 32 + (31 - Math.clz32(word & -word))
    }
  }
  return rows
}

function bySorting(lists: readonly Uint32Array[], total: number): Uint32Array {
  const rows = new Uint32Array(total)
  let at = 0
  for (const list of lists) {
    rows.set(list, at)
    at += list.length
  }
  rows.sort()
  let length = 0
  for (let i = 0; i < total; i++) if (i === 0 || rows[i] !== rows[i - 1]) rows[length++] = rows[i]!
  return rows.subarray(0, length)
}

/** Lists that follow one another, as one. */
export function joined(lists: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const list of lists) {
    all.set(list, at)
    at += list.length
  }
  return all
}
