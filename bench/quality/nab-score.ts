/** One file of NAB: scores of its rows and the labelled windows as first and last row, in order. */
export interface NabFile {
  readonly name: string
  readonly scores: Float64Array
  readonly windows: readonly (readonly [number, number])[]
}

export const PROFILES = {
  standard: { fn: 1, fp: 0.11 },
  reward_low_FP: { fn: 1, fp: 0.22 },
  reward_low_FN: { fn: 2, fp: 0.11 },
} as const
export type Profile = keyof typeof PROFILES

/** What a threshold makes of files, before costs: `hit` is the sum over windows of the value of their best alarm. */
export interface Tally {
  hit: number
  missed: number
  /** Sum of the values, down to −1, of alarms outside windows. */
  outside: number
}

const sigma = (y: number): number => 2 / (1 + Math.exp(5 * y)) - 1
const FULL = sigma(-1)

/** Rows that are not scored: the first 15 %, at most 750. */
export const probation = (rows: number): number => Math.min(Math.floor(0.15 * rows), 750)

interface Row {
  readonly score: number
  /** Which window of all, or −1 outside. */
  readonly window: number
  readonly value: number
}

/** What an alarm at each row is worth. `first`: the number of this file's first window. */
function rowsOf({ scores, windows }: NabFile, first: number): Row[] {
  const rows: Row[] = []
  let next = 0
  for (let i = 0; i < scores.length; i++) {
    while (next < windows.length && windows[next]![1] < i) next++
    if (i < probation(scores.length)) continue
    const ahead = windows[next]
    if (ahead !== undefined && ahead[0] <= i) {
      const [left, right] = ahead
      const value = sigma(-(right - i + 1) / (right - left + 1)) / FULL
      rows.push({ score: scores[i]!, window: first + next, value })
      continue
    }
    const behind = windows[next - 1]
    const y = behind === undefined ? Infinity : (i - behind[1]) / (behind[1] - behind[0])
    rows.push({ score: scores[i]!, window: -1, value: y > 3 ? -1 : sigma(y) })
  }
  return rows
}

/** A tally for each distinct score as threshold, highest first, beginning with no alarm at all. */
export function tallies(files: readonly NabFile[]): { readonly threshold: number; readonly tally: Tally }[] {
  let first = 0
  const rows: Row[] = []
  for (const file of files) {
    for (const row of rowsOf(file, first)) rows.push(row)
    first += file.windows.length
  }
  rows.sort((a, b) => b.score - a.score)
  const best = new Float64Array(first).fill(NaN)
  const tally = { hit: 0, missed: first, outside: 0 }
  const found = [{ threshold: Infinity, tally: { ...tally } }]
  for (const [i, { score, window, value }] of rows.entries()) {
    if (window < 0) tally.outside += value
    else if (!(best[window]! >= value)) {
      if (best[window] === best[window]) tally.hit -= best[window]!
      else tally.missed--
      best[window] = value
      tally.hit += value
    }
    if (rows[i + 1]?.score !== score) found.push({ threshold: score, tally: { ...tally } })
  }
  return found
}

/** The tally at one threshold: alarms are rows with `score >= threshold`. */
export function tallyAt(files: readonly NabFile[], threshold: number): Tally {
  const all = tallies(files)
  return all.findLast((one) => one.threshold >= threshold)!.tally
}

/** 100 for every window found at its start and nothing else, 0 for no alarm at all. */
export function nabScore({ hit, missed, outside }: Tally, profile: Profile, windows: number): number {
  const { fn, fp } = PROFILES[profile]
  const raw = hit - fn * missed + fp * outside
  const none = -fn * windows
  return (100 * (raw - none)) / (windows - none)
}
