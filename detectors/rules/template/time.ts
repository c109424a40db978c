import { failed, Struct, type Value } from './values.ts'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
const two = (value: number): string => String(value).padStart(2, '0')

/** The parts of Go's reference time, the longest first. */
const PARTS: readonly (readonly [string, (time: Date) => string])[] = [
  ['January', (t) => MONTHS[t.getUTCMonth()]!],
  ['Monday', (t) => DAYS[t.getUTCDay()]!],
  ['Jan', (t) => MONTHS[t.getUTCMonth()]!.slice(0, 3)],
  ['Mon', (t) => DAYS[t.getUTCDay()]!.slice(0, 3)],
  ['MST', () => 'UTC'],
  ['2006', (t) => String(t.getUTCFullYear()).padStart(4, '0')],
  ['-07:00', () => '+00:00'],
  ['-0700', () => '+0000'],
  ['Z07:00', () => 'Z'],
  ['.000', (t) => `.${String(t.getUTCMilliseconds()).padStart(3, '0')}`],
  ['01', (t) => two(t.getUTCMonth() + 1)],
  ['02', (t) => two(t.getUTCDate())],
  ['03', (t) => two(t.getUTCHours() % 12 || 12)],
  ['04', (t) => two(t.getUTCMinutes())],
  ['05', (t) => two(t.getUTCSeconds())],
  ['06', (t) => two(t.getUTCFullYear() % 100)],
  ['15', (t) => two(t.getUTCHours())],
  ['_2', (t) => String(t.getUTCDate()).padStart(2)],
  ['PM', (t) => (t.getUTCHours() < 12 ? 'AM' : 'PM')],
  ['pm', (t) => (t.getUTCHours() < 12 ? 'am' : 'pm')],
  ['1', (t) => String(t.getUTCMonth() + 1)],
  ['2', (t) => String(t.getUTCDate())],
  ['3', (t) => String(t.getUTCHours() % 12 || 12)],
  ['4', (t) => String(t.getUTCMinutes())],
  ['5', (t) => String(t.getUTCSeconds())],
]
const PATTERN = new RegExp(PARTS.map(([part]) => part.replaceAll(/[.+]/g, String.raw`\$&`)).join('|'), 'g')
const WRITERS = new Map(PARTS)

/** A moment in UTC, as Go's time.Time looks to a template. */
export function timeAt(time_ms: number): Struct {
  const time = new Date(time_ms)
  if (Number.isNaN(time.getTime())) throw failed('a time that is out of range')
  const format = (layout: Value): string => {
    if (typeof layout !== 'string') throw failed('Format wants a layout')
    return layout.replaceAll(PATTERN, (part) => WRITERS.get(part)!(time))
  }
  const itself = (): Struct => timeAt(time_ms)
  return new Struct(
    '*time.Time',
    {
      Format: (layout = null) => format(layout),
      UTC: itself,
      Unix: () => BigInt(Math.floor(time_ms / 1000)),
      UnixMilli: () => BigInt(time_ms),
      Year: () => BigInt(time.getUTCFullYear()),
      Month: () => MONTHS[time.getUTCMonth()]!,
      Day: () => BigInt(time.getUTCDate()),
      Weekday: () => DAYS[time.getUTCDay()]!,
      Hour: () => BigInt(time.getUTCHours()),
      Minute: () => BigInt(time.getUTCMinutes()),
      Second: () => BigInt(time.getUTCSeconds()),
    },
    () =>
      time
        .toISOString()
        .replace('T', ' ')
        .replace(/\.?0*Z$/, ' +0000 UTC')
        .replace(/Z$/, ' +0000 UTC'),
  )
}
