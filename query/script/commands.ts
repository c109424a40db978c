import type { Labels } from '#core/series.ts'

import { durationOf, numberOf, stringOf } from '../language/literals.ts'
import { readSeries } from './notation.ts'
import type { Point } from './points.ts'

export interface LoadCommand {
  readonly kind: 'load'
  readonly interval_ms: number
  /** Buckets are also loaded as native histograms with custom bounds. */
  readonly native: boolean
  readonly series: readonly { labels: Labels; points: readonly Point[] }[]
}

export interface Expectation {
  readonly what: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered'
  /** Whether a message is as wanted. */
  readonly message?: (text: string) => boolean
}

export interface EvalCommand {
  readonly kind: 'eval'
  readonly line: number
  readonly expr: string
  readonly from_ms: number
  readonly to_ms: number
  /** 0: an instant query. */
  readonly step_ms: number
  readonly expectations: readonly Expectation[]
  readonly series: readonly { labels: Labels; points: readonly Point[] }[]
  readonly scalar?: number
  readonly text?: string
  /** Times of an expected range vector. */
  readonly times?: { readonly from_ms: number; readonly to_ms: number; readonly step_ms: number }
}

export type Command = LoadCommand | EvalCommand | { readonly kind: 'clear' }

const LOAD = /^load(_with_nhcb)?\s+(\S+)$/i
const EVAL = /^eval(?:_(fail|warn|info|ordered))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/is
const RANGE = /^eval(?:_(fail|warn|info|ordered))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/is
const EXPECT = /^expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex)\s*:\s*(.*))?$/s
const EXPECT_TIMES = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/

/** The commands of a script of Prometheus' test language. Throws an `Error` that says which line is none. */
export function readScript(text: string): Command[] {
  const commands: Command[] = []
  const lines = text.split('\n').map((line, i) => ({ text: line.trim(), line: i + 1 }))
  const meant = lines.filter((line) => line.text === '' || !line.text.startsWith('#'))
  for (let i = 0; i < meant.length; i++) {
    const first = meant[i]!
    if (first.text === '') continue
    const block: string[] = []
    while (i + 1 < meant.length && meant[i + 1]!.text !== '' && !isCommand(meant[i + 1]!.text))
      block.push(meant[++i]!.text)
    commands.push(readCommand(first, block))
  }
  return commands
}

function isCommand(line: string): boolean {
  return /^(?:load|clear|eval)\b|^(?:load|eval)_/i.test(line)
}

function readCommand({ text, line }: { text: string; line: number }, block: readonly string[]): Command {
  if (/^clear$/i.test(text)) return { kind: 'clear' }
  const load = LOAD.exec(text)
  if (load !== null) {
    return { kind: 'load', native: load[1] !== undefined, interval_ms: timeOf(load[2]!), series: block.map(readSeries) }
  }
  const range = RANGE.exec(text)
  const instant = range === null ? EVAL.exec(text) : null
  if (range === null && instant === null) throw new Error(`line ${line}: not a command: ${text}`)
  const legacy = (range ?? instant!)[1]
  const times =
    range === null
      ? { from_ms: timeOf(instant![2] ?? '0'), to_ms: timeOf(instant![2] ?? '0'), step_ms: 0, expr: instant![3]! }
      : { from_ms: timeOf(range[2]!), to_ms: timeOf(range[3]!), step_ms: timeOf(range[4]!), expr: range[5]! }
  const before: Expectation[] = legacy === undefined ? [] : [{ what: legacy as Expectation['what'] }]
  return { kind: 'eval', line, ...times, ...readExpected(block, before, times.step_ms === 0) }
}

function timeOf(text: string): number {
  const ms = durationOf(text)
  if (ms !== undefined) return ms
  const seconds = text.startsWith('-') ? -timeOf(text.slice(1)) / 1000 : numberOf(text)
  if (seconds === undefined) throw new Error(`not a time: ${text}`)
  return Math.round(seconds * 1000)
}

type Expected = Pick<EvalCommand, 'expectations' | 'series' | 'scalar' | 'text' | 'times'>

function readExpected(block: readonly string[], before: readonly Expectation[], instant: boolean): Expected {
  const expectations = [...before]
  const series: { labels: Labels; points: Point[] }[] = []
  const more: { -readonly [key in keyof Expected]?: Expected[key] } = {}
  for (const line of block) {
    const expect = EXPECT.exec(line)
    const times = EXPECT_TIMES.exec(line)
    const text = /^expect\s+string\s+(.*)$/s.exec(line)
    if (expect !== null) expectations.push(expectationOf(expect))
    else if (times !== null) {
      more.times = { from_ms: timeOf(times[1]!), to_ms: timeOf(times[2]!), step_ms: timeOf(times[3]!) }
    } else if (text !== null) more.text = stringOf(text[1]!) as string
    else if (line.startsWith('expected_fail_message')) {
      const wanted = line.slice('expected_fail_message'.length).trim()
      expectations.push({ what: 'fail', message: (message) => message === wanted })
    } else if (line.startsWith('expected_fail_regexp')) {
      const pattern = new RegExp(line.slice('expected_fail_regexp'.length).trim(), 's')
      expectations.push({ what: 'fail', message: (message) => pattern.test(message) })
    } else if (instant && numberOf(line) !== undefined) more.scalar = numberOf(line)!
    else series.push(readSeries(line))
  }
  return { expectations, series, ...more }
}

function expectationOf([, what, how, wanted]: RegExpExecArray): Expectation {
  if (how === undefined) return { what: what as Expectation['what'] }
  const pattern = how === 'regex' ? new RegExp(wanted!, 's') : undefined
  return {
    what: what as Expectation['what'],
    message: (text) => (pattern === undefined ? text === wanted!.trim() : pattern.test(text)),
  }
}
