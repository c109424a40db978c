import { ServiceError } from '#core/errors.ts'

/** Rows of a file as parallel columns, in file order. Times may repeat or go back; an empty or NaN cell is a gap. */
export interface SeriesCsv {
  /** As they were written. */
  readonly timestamp_text: readonly string[]
  readonly time_ms: Float64Array
  readonly value: Float64Array
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?$/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NOT_A_NUMBER = /^(?:|nan|null|none|n\/?a|[+-]?inf(?:inity)?)$/i

/** Which is the first one of the next minute as well. */
const LEAP_SECOND = 60
/** Numbers below this are epoch seconds (up to the year 5138), from it on milliseconds (since 1973). */
const SECONDS_BELOW = 1e11
/** And milliseconds are below this, also up to the year 5138: what is larger counts micro- or nanoseconds. */
const MS_BELOW = 1e14

const TIME_NAMES = new Set(['timestamp', 'time', 'date', 'datetime', 'ds', 'ts', '时间', '时间戳', '日期'])
const VALUE_NAMES = new Set(['value', 'y', '值', '数值'])

/** Epoch milliseconds of ISO 8601 (a space for the T, no zone meaning UTC) or of epoch seconds or ms; else undefined. */
export function parseTimestamp(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const epoch = Number(text)
    const time_ms = Math.abs(epoch) < SECONDS_BELOW ? Math.round(epoch * 1000) : Math.round(epoch)
    return Math.abs(time_ms) < MS_BELOW ? time_ms : undefined
  }
  const parts = ISO.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0))
  const fraction = Math.floor(Number(`0.${parts[7] ?? '0'}`) * 1000)
  const local = Date.UTC(year!, month! - 1, day, hour, minute, second, fraction)
  const date = new Date(local)
  const real = date.getUTCMonth() === month! - 1 && hour! < 24 && minute! < 60 && second! <= LEAP_SECOND
  return real ? local - offset_ms(parts[8] ?? 'Z') : undefined
}

function offset_ms(zone: string): number {
  if (/^(?:Z|UTC)$/i.test(zone)) return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

/** NaN for an empty cell, NaN and infinities; undefined for what is no number. */
function parseValue(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text)
  return NOT_A_NUMBER.test(text) ? NaN : undefined
}

const cellsOf = (line: string): string[] => line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))

/** Where timestamp and value stand: by their names in a header; where it names but one of them, the other is beside it. Else the first two. */
function columnsOf(header: readonly string[]): readonly [number, number] {
  const names = header.map((name) => name.toLowerCase())
  const time = names.findIndex((name) => TIME_NAMES.has(name))
  const value = names.findIndex((name) => VALUE_NAMES.has(name))
  if (time < 0) return value > 0 ? [0, value] : [0, 1]
  if (value >= 0) return [time, value]
  return [time, time + 1 < names.length ? time + 1 : time - 1]
}

/**
 * Reads `timestamp,value` rows. The header is optional, blank lines are passed over, further columns ignored.
 * Throws `ServiceError('bad_data')` naming file, line (from 1) and what was expected.
 */
export function readSeriesCsv(text: string, file: string): SeriesCsv {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const timestamps: string[] = []
  const times: number[] = []
  const values: number[] = []
  let columns: readonly [number, number] = [0, 1]
  let first = true
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const cells = cellsOf(line)
    if (first && isHeader(cells)) {
      columns = columnsOf(cells)
      first = false
      continue
    }
    first = false
    const row = readRow(cells, columns, `${file}:${i + 1}`)
    timestamps.push(row.text)
    times.push(row.time_ms)
    values.push(row.value)
  }
  return { timestamp_text: timestamps, time_ms: Float64Array.from(times), value: Float64Array.from(values) }
}

/** A first line is a header when it has two cells and neither of them could be data. */
function isHeader(cells: readonly string[]): boolean {
  return cells.length > 1 && parseTimestamp(cells[0] ?? '') === undefined && parseValue(cells[1]!) === undefined
}

function readRow(
  cells: readonly string[],
  columns: readonly [number, number],
  where: string,
): { text: string; time_ms: number; value: number } {
  const text = cells[columns[0]]
  const cell = cells[columns[1]]
  if (text === undefined || cell === undefined) {
    throw new ServiceError('bad_data', `${where}: expected timestamp,value, found ${quoted(cells.join(','))}`)
  }
  const time_ms = parseTimestamp(text)
  if (time_ms === undefined) {
    throw new ServiceError(
      'bad_data',
      `${where}: expected a timestamp (ISO 8601, epoch s or ms), found ${quoted(text)}`,
    )
  }
  const value = parseValue(cell)
  if (value === undefined) throw new ServiceError('bad_data', `${where}: expected a number, found ${quoted(cell)}`)
  return { text, time_ms, value }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
