import { Labels, METRIC_NAME } from '#core/series.ts'

import { numberOf, stringOf } from '../language/literals.ts'

/** A point of the series notation: a value, nothing, a stale marker, or a native histogram (known, not read). */
export type Point = number | 'none' | 'stale' | 'histogram'

const HEAD = /^("(?:[^"\\]|\\.)*"|[^\s{]*)(\{(?:[^"'`}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})?\s*(.*)$/s
const PAIR = /("(?:[^"\\]|\\.)*"|[\w.:]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`))?/g

/** `name{a="b"} 1 2+3x5 _ stale`: a label set and its points. */
export function readSeries(line: string): { labels: Labels; points: Point[] } {
  const [, name = '', braces = '', rest = ''] = HEAD.exec(line)!
  const pairs: [string, string][] = name === '' ? [] : [[METRIC_NAME, unquoted(name)]]
  for (const [, key, value] of braces.matchAll(PAIR)) {
    pairs.push(value === undefined ? [METRIC_NAME, unquoted(key!)] : [unquoted(key!), unquoted(value)])
  }
  return { labels: Labels.of(pairs), points: readPoints(rest) }
}

function unquoted(text: string): string {
  const value = /^["'`]/.test(text) ? stringOf(text) : text
  if (typeof value !== 'string') throw new Error(`not a string: ${text}`)
  return value
}

const HISTOGRAM = /^\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x(\d+))?$/
const SERIES = /^([+-]?(?:inf|nan|[\d.]+(?:e[+-]?\d+)?))(?:([+-])([\d.]+(?:e[+-]?\d+)?))?x(\d+)$/i

function readPoints(text: string): Point[] {
  const points: Point[] = []
  // Blanks inside a histogram are not between points.
  for (const item of text.match(/(?:\{\{[^}]*\}\}|\S)+/g) ?? []) points.push(...readItem(item))
  return points
}

function readItem(item: string): Point[] {
  const none = /^_(?:x(\d+))?$/.exec(item)
  if (none !== null) return Array.from({ length: Number(none[1] ?? 1) }, () => 'none')
  if (item === 'stale') return ['stale']
  const histogram = HISTOGRAM.exec(item)
  if (histogram !== null) return Array.from({ length: Number(histogram[1] ?? 0) + 1 }, () => 'histogram')
  const series = SERIES.exec(item)
  if (series !== null) {
    const [, first, sign, step, count] = series
    const by = step === undefined ? 0 : Number(step) * (sign === '-' ? -1 : 1)
    return addUp(valueOf(first!), by, Number(count) + 1)
  }
  return [valueOf(item)]
}

/** Summed up as the reference does, rounding errors included. */
function addUp(first: number, by: number, count: number): number[] {
  let value = first
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) value += by
    return value
  })
}

function valueOf(text: string): number {
  const value = numberOf(text)
  if (value === undefined) throw new Error(`not a value: ${text}`)
  return value
}
