import { ServiceError } from '#core/errors.ts'
import type { Finding } from '#core/finding.ts'
import { Labels } from '#core/series.ts'

import type { Copy } from './copies.ts'
import type { Episode } from './flapping.ts'
import type { ForgettingState } from './forgetting.ts'
import type { RowAbout } from './row-table.ts'
import type { Run } from './run.ts'
import type { ScoringState1 } from './snapshot-1.ts'

/** What the checkpoint says of scoring beside the columns. */
export interface ScoringState extends Omit<ScoringState4, 'version'> {
  readonly version: 5
  /** When rows were looked through for those whose time is over. */
  readonly forgetting: ForgettingState
}

/** Version 4: it was not known how long rows have lived. */
export interface ScoringState4 extends Omit<ScoringState3, 'version'> {
  readonly version: 4
  /** What rows would know without their findings, by row; rows in the rules' spare detectors. */
  readonly copies: readonly (readonly [number, readonly Copy[]])[]
  /** Rows that are to learn from what is stored; not there: none. */
  readonly waiting?: readonly number[]
}

/** Version 3: nothing that was learned could be taken back. */
export interface ScoringState3 extends Omit<ScoringState2, 'version'> {
  readonly version: 3
  /** What comes back, by row. */
  readonly episodes: readonly (readonly [number, readonly Episode[]])[]
}

export interface SavedScoringRule {
  readonly key: string
  readonly detector: string
  readonly slot: number
  /** Up to when its new rows look back; not there: not at all. */
  readonly young_until_ms?: number
}

/** Version 2: nothing was remembered of what comes back. */
export interface ScoringState2 {
  readonly version: 2
  readonly time_ms: number
  /** In the order of their detectors' sections; `slot` is what their rows have. */
  readonly rules: readonly SavedScoringRule[]
  readonly runs: readonly (readonly [number, Run])[]
  readonly experts: readonly (readonly [number, readonly string[]])[]
  readonly findings: readonly Finding[]
}

/** JSON knows no NaN: in these fields null stands for it. */
const MAY_BE_NAN = new Set(['value', 'expected', 'lower', 'upper'])

export function encodeState(state: ScoringState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state))
}

/** Whatever version it is; the caller looks. */
export function decodeState(
  bytes: Uint8Array,
): ScoringState | ScoringState4 | ScoringState3 | ScoringState2 | ScoringState1 {
  return JSON.parse(new TextDecoder().decode(bytes), (key, value: unknown) => {
    if (value === null && MAY_BE_NAN.has(key)) return NaN
    // A label or an annotation may have this name as well.
    return key === 'labels' && typeof value === 'object' ? Labels.of(value as Record<string, string>) : value
  }) as ScoringState | ScoringState4 | ScoringState3 | ScoringState2 | ScoringState1
}

/**
 * Descriptions of rows in two sections: each string once (JSON), then numbers (u32): a row, its key, rule, metric, unit, how
 * many labels, names and values in turn, as places among the strings.
 */
export function encodeAbouts(abouts: Iterable<readonly [number, RowAbout]>): readonly [Uint8Array, Uint8Array] {
  const places = new Map<string, number>()
  const numbers: number[] = []
  const place = (text: string): number => {
    const known = places.get(text)
    if (known !== undefined) return known
    places.set(text, places.size)
    return places.size - 1
  }
  for (const [row, { key, rule, metric, unit, labels }] of abouts) {
    numbers.push(row, place(key), place(rule), place(metric), place(unit), labels.size)
    for (const [name, value] of labels) numbers.push(place(name), place(value))
  }
  return [
    new TextEncoder().encode(JSON.stringify([...places.keys()])),
    new Uint8Array(Uint32Array.from(numbers).buffer),
  ]
}

export function* decodeAbouts(strings: Uint8Array, numbers: Uint8Array): Generator<readonly [number, RowAbout]> {
  const texts = JSON.parse(new TextDecoder().decode(strings)) as string[]
  const all = new Uint32Array(new Uint8Array(numbers).buffer)
  let at = 0
  const text = (): string => {
    const found = texts[all[at++] ?? -1]
    if (found === undefined) throw new ServiceError('bad_data', 'descriptions of scored rows are cut short')
    return found
  }
  while (at < all.length) {
    const row = all[at++]!
    const [key, rule, metric, unit] = [text(), text(), text(), text()]
    const labels: [string, string][] = []
    for (let left = all[at++] ?? 0; left > 0; left--) labels.push([text(), text()])
    yield [row, { key, rule, metric, unit, labels: Labels.of(labels) }]
  }
}
