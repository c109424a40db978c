/**
 * Numbers for people. The `humanize…` functions print exactly as the functions of that name in Prometheus' templates
 * (template/template.go and util/convert of Prometheus); `quantity` and `range` know units.
 */

const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'] as const
const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'] as const

/** C's and Go's `%.{digits}g`: significant digits, no trailing zeros, exponent form below 1e-4 and from 10^digits. */
export function general(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa, exponent] = rounded(Math.abs(value), digits)
  const sign = value < 0 ? '-' : ''
  const short = mantissa.replace(/0+$/, '')
  if (exponent < -4 || exponent >= digits) {
    const tail = short.length > 1 ? `.${short.slice(1)}` : ''
    return `${sign}${short[0] ?? '0'}${tail}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${short}`
  const whole = mantissa.slice(0, exponent + 1)
  const fraction = mantissa.slice(exponent + 1).replace(/0+$/, '')
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`
}

/** Digits and decimal exponent of a positive number; halves to even, where JavaScript would round them up. */
function rounded(value: number, digits: number): readonly [string, number] {
  const [text = '', exponent = '0'] = value.toExponential(20).split('e')
  const all = text.replace('.', '')
  const half = all[digits] === '5' && /^0*$/.test(all.slice(digits + 1))
  if (half && Number(all[digits - 1]) % 2 === 0) return [all.slice(0, digits), Number(exponent)]
  const [up = '', power = '0'] = value.toExponential(digits - 1).split('e')
  return [up.replace('.', ''), Number(power)]
}

function small(value: number): string {
  let rest = value
  let prefix = ''
  for (const next of SMALL) {
    if (Math.abs(rest) >= 1) break
    prefix = next
    rest *= 1000
  }
  return general(rest) + prefix
}

function large(value: number, base: number, prefixes: readonly string[]): string {
  let rest = value
  let prefix = ''
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break
    prefix = next
    rest /= base
  }
  return general(rest) + prefix
}

/** `1234567` → `1.235M`, `0.00021` → `210u`. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return general(value)
  return Math.abs(value) >= 1 ? large(value, 1000, LARGE) : small(value)
}

/** `2048` → `2ki`. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return general(value)
  return large(value, 1024, BINARY)
}

/** Seconds: `5400` → `1h 30m 0s`, `0.042` → `42ms`. */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return general(seconds)
  if (seconds === 0) return `${general(seconds)}s`
  if (Math.abs(seconds) < 1) return `${small(seconds)}s`
  const sign = seconds < 0 ? '-' : ''
  const whole = Math.trunc(Math.abs(seconds))
  const [d, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ]
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${s}s`
  if (h > 0) return `${sign}${h}h ${m}m ${s}s`
  if (m > 0) return `${sign}${m}m ${s}s`
  return `${sign}${general(Math.abs(seconds))}s`
}

/** A ratio: `0.0512` → `5.12%`. */
export function humanizePercentage(ratio: number): string {
  return `${general(ratio * 100)}%`
}

interface Scale {
  readonly factor: number
  /** Written behind the number, with its space where it has one. */
  readonly suffix: string
}

const ascending = (...scales: readonly (readonly [number, string])[]): readonly Scale[] =>
  scales.map(([factor, suffix]) => ({ factor, suffix }))

const TIME = ascending(
  [1e-9, ' ns'],
  [1e-6, ' µs'],
  [1e-3, ' ms'],
  [1, ' s'],
  [60, ' min'],
  [3600, ' h'],
  [86_400, ' d'],
)
const BYTES = ascending([1, ' B'], [2 ** 10, ' KiB'], [2 ** 20, ' MiB'], [2 ** 30, ' GiB'], [2 ** 40, ' TiB'])
const PLAIN = ascending([1, ''], [1e6, ' M'], [1e9, ' G'], [1e12, ' T'])
const PERCENT = ascending([1, ' %'])

/** UCUM unit → factor to the base of its family, and the family. */
const UNITS: Readonly<Record<string, readonly [number, readonly Scale[]]>> = {
  s: [1, TIME],
  ms: [1e-3, TIME],
  us: [1e-6, TIME],
  ns: [1e-9, TIME],
  min: [60, TIME],
  h: [3600, TIME],
  d: [86_400, TIME],
  By: [1, BYTES],
  KiBy: [2 ** 10, BYTES],
  MiBy: [2 ** 20, BYTES],
  GiBy: [2 ** 30, BYTES],
  kBy: [1e3, BYTES],
  MBy: [1e6, BYTES],
  GBy: [1e9, BYTES],
  '%': [1, PERCENT],
  ratio: [100, PERCENT],
}

/** Units that people write otherwise than UCUM. */
const WRITTEN: Readonly<Record<string, string>> = { Cel: ' °C', '[degF]': ' °F', deg: '°', Ohm: ' Ω' }

/** How Prometheus' names say the unit, for series whose sender gave none. */
const SUFFIXES: readonly (readonly [RegExp, string])[] = [
  [/_milliseconds(_|$)/, 'ms'],
  [/_microseconds(_|$)/, 'us'],
  [/_nanoseconds(_|$)/, 'ns'],
  [/_seconds(_|$)/, 's'],
  [/_bytes(_|$)/, 'By'],
  [/_ratio(_|$)/, 'ratio'],
  [/_percent(_|$)/, '%'],
]

/** A utilization without a dimension is a fraction, by OpenTelemetry's conventions. */
const FRACTION = /_utilization(_|$)/

/** The unit for people: `unit` where it says something, else what the metric's name says; '' when neither does. Counts count, whatever they are of. Seconds a second are a share. */
export function unitOf(metric: string, unit: string): string {
  const named = namedUnit(metric, unit)
  return named === 's/s' ? 'ratio' : named
}

function namedUnit(metric: string, unit: string): string {
  const rate = unit.endsWith('/s') ? '/s' : ''
  const own = rate === '' ? unit : unit.slice(0, -2)
  if (metric.endsWith('_count')) return rate === '' ? '' : '1/s'
  if (own !== '' && own !== '1' && !own.startsWith('{')) return unit
  const found = SUFFIXES.find(([pattern]) => pattern.test(metric))
  if (found === undefined && own === '1' && rate === '' && FRACTION.test(metric)) return 'ratio'
  return found === undefined ? unit : found[1] + rate
}

/** A number written with three significant digits, whole above that: `843`, `1234`, `0.0512`. */
function written(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e15) return general(value, 4)
  return size >= 100 ? String(Math.round(value)) : general(value, 3)
}

function family(unit: string): { factor: number; scales: readonly Scale[]; tail: string } {
  const rate = unit.endsWith('/s') && unit.length > 2
  const own = rate ? unit.slice(0, -2) : unit
  const known = UNITS[own]
  const tail = rate ? '/s' : ''
  if (known !== undefined) return { factor: known[0], scales: known[1], tail }
  // Annotations ({request}) and bare numbers say nothing that belongs behind a value; other units are written as they are.
  const silent = own === '' || own === '1' || own.startsWith('{')
  return { factor: 1, scales: PLAIN, tail: silent ? tail : (WRITTEN[own] ?? ` ${own}`) + tail }
}

function fitting(size: number, scales: readonly Scale[]): Scale {
  let best = scales[0]!
  if (size === 0) return scales.find(({ factor }) => factor === 1) ?? best
  for (const scale of scales) if (size >= scale.factor * 0.9995) best = scale
  return best
}

/** A value with its UCUM unit: `quantity(0.84, 's')` → `840 ms`, `('By')` → `1.5 GiB`, `('ratio')` → `5.1 %`. */
export function quantity(value: number, unit: string): string {
  const { factor, scales, tail } = family(unit)
  if (!Number.isFinite(value)) return general(value) + tail
  const scale = fitting(Math.abs(value) * factor, scales)
  return written((value * factor) / scale.factor) + scale.suffix + tail
}

/** Two bounds in one unit, that of the larger, joined by `to`: `150 to 290 ms`. */
export function range(lower: number, upper: number, unit: string, to = ' to '): string {
  const { factor, scales, tail } = family(unit)
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return quantity(lower, unit) + to + quantity(upper, unit)
  const scale = fitting(Math.max(Math.abs(lower), Math.abs(upper)) * factor, scales)
  const write = (bound: number): string => written((bound * factor) / scale.factor)
  return write(lower) + to + write(upper) + scale.suffix + tail
}
