import type { MetricType } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

import { HASH, LF, nameEnd, OPEN, QUOTE, SPACE } from './characters.ts'
import { END, type Family, type Metadata } from './family.ts'
import { quotedEnd, readLabels, unescaped, utf8Text } from './head.ts'
import type { Line } from './lines.ts'
import { malformed } from './malformed.ts'
import { parseNumber, parseSeconds } from './number.ts'
import { type PageExemplar, PageReader, type SampleSink } from './page-reader.ts'
import type { OpenMetricsRules } from './rules.ts'

const TYPES: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'stateset',
  'info',
  'summary',
  'unknown',
])
const EOF_TEXT = '# EOF'

/**
 * OpenMetrics 1.0: its grammar is kept strictly; what it says beyond that is asked of `rules`.
 * Source: OpenMetrics specification, 2022, section "Text format".
 */
export class OpenMetricsReader<Known> extends PageReader<Known> {
  readonly #rules: OpenMetricsRules<Known>
  #ended = false

  constructor(sink: SampleSink<Known>, rules: OpenMetricsRules<Known>) {
    super(sink, { blanks: false })
    this.#rules = rules
  }

  override *read(page: Uint8Array): Steps<void> {
    this.#ended = false
    this.#rules.begin()
    yield* super.read(page)
  }

  protected blank(): never {
    return malformed('a line is empty or begins with a blank')
  }

  protected metadata(from: number, to: number): Metadata {
    const { bytes } = this
    const text = utf8Text(bytes, from, to)
    if (text === EOF_TEXT) return END
    const keyword = /^# (TYPE|HELP|UNIT) /.exec(text)?.[1]
    if (keyword === undefined) malformed('TYPE, HELP, UNIT or EOF is expected behind "# "')
    const name = from + '# TYPE '.length
    const quoted = bytes[name] === QUOTE && name < to
    const behind = quoted ? quotedEnd(bytes, name, to) : nameEnd(bytes, name, to)
    if (behind <= name) malformed(`a metric name is expected behind ${keyword}`)
    if (behind >= to || bytes[behind] !== SPACE) malformed(`something is expected behind the name of ${keyword}`)
    const family = quoted ? unescaped(utf8Text(bytes, name + 1, behind - 1)) : utf8Text(bytes, name, behind)
    const value = utf8Text(bytes, behind + 1, to)
    if (keyword === 'HELP') return { kind: 'help', family, value: unescaped(value) }
    if (keyword === 'UNIT') {
      if (value !== '' && !family.endsWith(`_${value}`)) malformed(`unit ${value} is not the end of the name ${family}`)
      return { kind: 'unit', family, value }
    }
    if (!TYPES.has(value)) malformed(`${JSON.stringify(value.slice(0, 40))} is not a type`)
    return { kind: 'type', family, value }
  }

  protected declared(metadata: Metadata, family: Family): void {
    if (this.#ended) malformed('something stands behind # EOF')
    if (metadata.kind === 'end') this.#ended = true
    else this.#rules.metadata(metadata, family)
  }

  protected tail(line: Line<Known>): void {
    if (this.#ended) malformed('something stands behind # EOF')
    const { bytes, end } = this
    let from = this.#space(this.at)
    let to = this.#wordEnd(from)
    const value = parseNumber(bytes, from, to)
    let time_ms = NaN
    let exemplar: PageExemplar | undefined
    if (bytes[to] === SPACE && bytes[to + 1] !== HASH) {
      from = to + 1
      to = this.#wordEnd(from)
      time_ms = parseSeconds(bytes, from, to)
    }
    if (bytes[to] === SPACE) {
      exemplar = this.#exemplar(to + 1)
      to = this.at
    }
    if (to >= end || bytes[to] !== LF) malformed('the line does not end where it should')
    this.#rules.sample(line, value, time_ms, exemplar)
    this.sink.sample(line, value, time_ms)
    if (exemplar !== undefined) this.sink.exemplar(line, exemplar)
    this.at = to + 1
  }

  protected finish(): void {
    if (!this.#ended) malformed('# EOF is missing at the end: the page is not whole')
    this.#rules.end()
  }

  /** Behind the one space at `at`. */
  #space(at: number): number {
    if (this.bytes[at] !== SPACE) malformed('one space is expected')
    return at + 1
  }

  #wordEnd(from: number): number {
    const { bytes, end } = this
    let to = from
    while (to < end && bytes[to] !== SPACE && bytes[to] !== LF) to++
    if (to === from) malformed('a number is expected')
    return to
  }

  /** `# {…} value [time]` from `at`; `this.at` is where it ends. */
  #exemplar(at: number): PageExemplar {
    const { bytes } = this
    if (bytes[at] !== HASH || bytes[at + 1] !== SPACE || bytes[at + 2] !== OPEN) malformed('an exemplar is expected')
    const { pairs, end } = readLabels(bytes, at + 2, this.end)
    const from = this.#space(end)
    const to = this.#wordEnd(from)
    const value = parseNumber(bytes, from, to)
    if (bytes[to] !== SPACE) {
      this.at = to
      return { pairs, value, time_ms: NaN }
    }
    const behind = this.#wordEnd(to + 1)
    this.at = behind
    return { pairs, value, time_ms: parseSeconds(bytes, to + 1, behind) }
  }
}
