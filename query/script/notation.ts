import { Labels, METRIC_NAME } from '#core/series.ts'

import { stringOf } from '../language/literals.ts'
import { type Point, readPoints } from './points.ts'

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
