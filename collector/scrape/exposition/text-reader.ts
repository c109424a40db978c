import type { MetricType } from '#core/series.ts'

import { HASH, LF, nameEnd, QUOTE, skipBlanks, wordEnd } from './characters.ts'
import { COMMENT, type Metadata } from './family.ts'
import { quotedEnd, unescaped, utf8Text } from './head.ts'
import type { Line } from './lines.ts'
import { malformed } from './malformed.ts'
import { parseMillis, parseNumber } from './number.ts'
import { PageReader, type SampleSink } from './page-reader.ts'

const TYPES: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
])
const KEYWORD_LENGTH = 4

/**
 * Prometheus' text format, versions 0.0.4 and 1.0.0 (names in quotes). As tolerant as Prometheus' own parser: blanks, empty lines,
 * comments, families in any order. Source: prometheus/docs, exposition formats; model/textparse of prometheus/prometheus.
 */
export class TextReader<Known> extends PageReader<Known> {
  constructor(sink: SampleSink<Known>) {
    super(sink, { blanks: true })
  }

  protected blank(): void {
    this.at = skipBlanks(this.bytes, this.at, this.end)
    if (this.bytes[this.at] === LF) this.at++
  }

  protected tail(line: Line<Known>): void {
    const { bytes, end } = this
    const from = skipBlanks(bytes, this.at, end)
    const to = wordEnd(bytes, from, end)
    if (to === from) malformed('a value is expected')
    const value = parseNumber(bytes, from, to)
    let at = skipBlanks(bytes, to, end)
    let time_ms = NaN
    if (at < end && bytes[at] !== LF) {
      const behind = wordEnd(bytes, at, end)
      time_ms = parseMillis(bytes, at, behind)
      at = skipBlanks(bytes, behind, end)
      if (at < end && bytes[at] !== LF) malformed('something stands behind the timestamp')
    }
    this.sink.sample(line, value, time_ms)
    // The last line of a page may go without its line feed; that a page broke off is for HTTP to say.
    this.at = Math.min(at + 1, end)
  }

  protected metadata(from: number, to: number): Metadata {
    const { bytes } = this
    const at = skipBlanks(bytes, from + 1, to)
    if (bytes[from] !== HASH || at === from + 1) return COMMENT
    const word = wordEnd(bytes, at, to)
    if (word - at !== KEYWORD_LENGTH || word === to) return COMMENT
    const keyword = utf8Text(bytes, at, word)
    if (keyword !== 'HELP' && keyword !== 'TYPE') return COMMENT
    const name = skipBlanks(bytes, word, to)
    const quoted = bytes[name] === QUOTE && name < to
    const behind = quoted ? quotedEnd(bytes, name, to) : nameEnd(bytes, name, to)
    if (behind <= name) malformed(`a metric name is expected behind ${keyword}`)
    const family = quoted ? unescaped(utf8Text(bytes, name + 1, behind - 1)) : utf8Text(bytes, name, behind)
    const text = utf8Text(bytes, skipBlanks(bytes, behind, to), to)
    if (keyword === 'HELP') return { kind: 'help', family, value: unescaped(text) }
    const value = TYPES.get(text.trimEnd())
    if (value === undefined) malformed(`${JSON.stringify(text.slice(0, 40))} is not a type`)
    return { kind: 'type', family, value }
  }

  protected declared(): void {}

  protected finish(): void {}
}
