import { FILLED, HALF, MARKS, NEXT, type Page, placesStride } from './page.ts'

/** The median of a row's window; NaN while it is empty. */
export function medianOf({ sorted, marks }: Page, row: number, window: number): number {
  const filled = marks[row * MARKS + FILLED]!
  const middle = row * window + (filled >> 1)
  return (filled & 1) === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Median absolute deviation of a row's window from its `median`, the upper one of an even count. The nearer half of the
 * values lies side by side in the sorted window; it is where it was a sample ago, or a step or two away.
 */
export function madOf({ sorted, marks }: Page, row: number, window: number, median: number): number {
  const mark = row * MARKS
  const filled = marks[mark + FILLED]!
  const base = row * window
  const half = filled >> 1
  const furthest = base + filled - 1 - half
  let at = base + marks[mark + HALF]!
  if (at > furthest) at = furthest
  while (at < furthest && sorted[at + half + 1]! - median < median - sorted[at]!) at++
  while (at > base && median - sorted[at - 1]! < sorted[at + half]! - median) at--
  marks[mark + HALF] = at - base
  const below = median - sorted[at]!
  const above = sorted[at + half]! - median
  return below > above ? below : above
}

/** Takes a value (of float32 precision) into a row's window; the oldest leaves a full one. */
export function push(page: Page, row: number, window: number, value: number): void {
  const { sorted, places, marks } = page
  const mark = row * MARKS
  const base = row * window
  const place = row * placesStride(window)
  const next = marks[mark + NEXT]!
  let filled = marks[mark + FILLED]!
  let hole = filled
  if (filled === window) hole = placeOf(page, place, next)
  else marks[mark + FILLED] = ++filled
  let at = base + hole
  // Places lie at another stride than values.
  const shift = place - base
  const last = base + filled - 1
  if (at < last && sorted[at + 1]! < value) {
    do {
      sorted[at] = sorted[at + 1]!
      places[at + shift] = places[at + shift + 1]!
      at++
    } while (at < last && sorted[at + 1]! < value)
  } else {
    while (at > base && sorted[at - 1]! > value) {
      sorted[at] = sorted[at - 1]!
      places[at + shift] = places[at + shift - 1]!
      at--
    }
  }
  sorted[at] = value
  places[at + shift] = next
  marks[mark + NEXT] = next + 1 === window ? 0 : next + 1
}

/** Empties a row's window. */
export function clear({ marks }: Page, row: number): void {
  marks[row * MARKS + FILLED] = 0
  marks[row * MARKS + NEXT] = 0
  marks[row * MARKS + HALF] = 0
}

/** Which of a full row's sorted values has ring place `wanted`: four bytes at a time. */
function placeOf({ words }: Page, place: number, wanted: number): number {
  const pattern = wanted * 0x01010101
  for (let at = place >> 2; ; at++) {
    // A byte of zeros where it is equal; the lowest set bit tells the first of them.
    const differ = words[at]! ^ pattern
    const zeros = (differ - 0x01010101) & ~differ & 0x80808080
    if (zeros !== 0) return (at << 2) - place + ((31 - Math.clz32(zeros & -zeros)) >> 3)
  }
}
