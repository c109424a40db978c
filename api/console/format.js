/** Numbers and times for people. Times are by the clocks of one zone, as in the server's sentences. */

/** @typedef {readonly (readonly [number, string])[]} Scales ascending: factor, suffix */

/** @type {Scales} */
const TIME = [
  [1e-9, ' ns'],
  [1e-6, ' µs'],
  [1e-3, ' ms'],
  [1, ' s'],
  [60, ' min'],
  [3600, ' h'],
  [86_400, ' d'],
]
/** @type {Scales} */
const BYTES = [
  [1, ' B'],
  [2 ** 10, ' KiB'],
  [2 ** 20, ' MiB'],
  [2 ** 30, ' GiB'],
  [2 ** 40, ' TiB'],
]
/** @type {Scales} */
const PLAIN = [
  [1, ''],
  [1e3, ' k'],
  [1e6, ' M'],
  [1e9, ' G'],
  [1e12, ' T'],
]
/** @type {Scales} */
const PERCENT = [[1, ' %']]

/** @type {Readonly<Record<string, readonly [number, Scales]>>} */
const UNITS = {
  s: [1, TIME],
  ms: [1e-3, TIME],
  us: [1e-6, TIME],
  ns: [1e-9, TIME],
  By: [1, BYTES],
  KiBy: [2 ** 10, BYTES],
  MiBy: [2 ** 20, BYTES],
  GiBy: [2 ** 30, BYTES],
  '%': [1, PERCENT],
  ratio: [100, PERCENT],
}

/** Units that people write otherwise than UCUM. @type {Readonly<Record<string, string>>} */
const WRITTEN = { Cel: ' °C', '[degF]': ' °F', deg: '°', Ohm: ' Ω' }

/** @type {readonly (readonly [RegExp, string])[]} */
const SUFFIXES = [
  [/_milliseconds(_|$)/, 'ms'],
  [/_microseconds(_|$)/, 'us'],
  [/_nanoseconds(_|$)/, 'ns'],
  [/_seconds(_|$)/, 's'],
  [/_bytes(_|$)|_memory_usage$|_network_io(_|$)/, 'By'],
  [/(_ratio|_utilization)(_|$)/, 'ratio'],
  [/_percent(_|$)/, '%'],
]

/**
 * The unit that a metric's name says, '' when none. Counts of a histogram count, whatever the histogram measures.
 * @param {string} metric
 */
export function unitOfMetric(metric) {
  if (metric.endsWith('_count')) return ''
  return SUFFIXES.find(([pattern]) => pattern.test(metric))?.[1] ?? ''
}

/** Strings, matchers, ranges and lists of labels: nothing in them says a unit. */
const UNITLESS = [
  /"(?:[^"\\]|\\.)*"/g,
  /\{[^}]*\}|\[[^\]]*\]/g,
  /\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g,
]

/**
 * The unit of an expression's result as far as its text says: of selectors, rates and quantiles of one unit, and of
 * one metric divided by itself.
 * @param {string} expr
 */
export function unitOfExpr(expr) {
  const bare = UNITLESS.reduce((text, pattern) => text.replaceAll(pattern, ''), expr)
  const names = [...bare.matchAll(/[a-zA-Z_:][\w:]*_[\w:]*/g)].map(([name]) => name)
  const metrics = names.filter((name) => !/_over_time$|^histogram_quantile$/.test(name))
  if (bare.includes('/')) return new Set(metrics).size === 1 ? 'ratio' : ''
  const quantile = names.includes('histogram_quantile')
  const units = new Set(metrics.map((name) => (!quantile && name.endsWith('_bucket') ? '' : unitOfMetric(name))))
  if (units.size > 1) return ''
  const [unit = ''] = units
  if (quantile || !/\bi?rate\s*\(/.test(bare)) return unit
  return unit === 's' ? 'ratio' : `${unit}/s`
}

/** @param {number} value */
function written(value) {
  const size = Math.abs(value)
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(1)
  return size >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

/**
 * A value with its UCUM unit: 0.84, 's' is `840 ms`.
 * @param {number | undefined} value
 * @param {string} [unit]
 */
export function quantity(value, unit = '') {
  if (value === undefined || Number.isNaN(value)) return '–'
  const rate = unit.endsWith('/s')
  const own = rate ? unit.slice(0, -2) : unit
  const known = UNITS[own]
  const silent = own === '' || own === '1' || own.startsWith('{')
  const tail = (known !== undefined || silent ? '' : (WRITTEN[own] ?? ` ${own}`)) + (rate ? '/s' : '')
  if (!Number.isFinite(value)) return (value > 0 ? '+Inf' : '-Inf') + tail
  const [factor, scales] = known ?? /** @type {const} */ ([1, PLAIN])
  const size = Math.abs(value) * factor
  let best = scales[0] ?? [1, '']
  for (const scale of scales) if (size >= scale[0] * 0.9995 || (size === 0 && scale[0] === 1)) best = scale
  return written((value * factor) / best[0]) + best[1] + tail
}

/** @param {number | undefined} ratio */
export function percent(ratio) {
  return ratio === undefined || !Number.isFinite(ratio) ? '–' : `${Math.round(ratio * 100)} %`
}

/** @param {string} zone */
function clockOf(zone) {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    calendar: 'gregory',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
}

let wall = clockOf('UTC')

/**
 * By the clocks of which zone times are told from here on, as IANA names them.
 * @param {string} zone
 */
export function tellTimesOf(zone) {
  wall = clockOf(zone)
}

/** The zone, as IANA names it. */
export function zoneOfTimes() {
  return wall.resolvedOptions().timeZone
}

/** @param {number} time_ms */
function reading(time_ms) {
  const parts = new Map(wall.formatToParts(time_ms).map(({ type, value }) => [type, value]))
  return (/** @type {Intl.DateTimeFormatPartTypes} */ type) => parts.get(type) ?? ''
}

/**
 * `10:42`, with seconds where asked for.
 * @param {number} time_ms
 * @param {boolean} [seconds]
 */
export function clock(time_ms, seconds = false) {
  const part = reading(time_ms)
  return `${part('hour')}:${part('minute')}${seconds ? `:${part('second')}` : ''}`
}

/** @param {number} time_ms */
export function day(time_ms) {
  const part = reading(time_ms)
  return `${part('year')}-${part('month')}-${part('day')}`
}

/**
 * How the zone is called at a time: `UTC`, `CEST`.
 * @param {number} time_ms
 */
export function zoneName(time_ms) {
  return reading(time_ms)('timeZoneName')
}

/**
 * The time of day and its zone; with its date where that is another day than now.
 * @param {number} time_ms
 * @param {number} now_ms
 * @param {boolean} [seconds]
 */
export function when(time_ms, now_ms, seconds = false) {
  const time = clock(time_ms, seconds)
  const told = `${time} ${zoneName(time_ms)}`
  return day(time_ms) === day(now_ms) ? told : `${day(time_ms)} ${told}`
}

/**
 * A length of time in its two largest units: `2 h 5 min`.
 * @param {number} ms
 * @param {readonly [string, string, string, string]} [units] seconds, minutes, hours, days
 */
export function span(ms, units = ['s', 'min', 'h', 'd']) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const parts = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ]
  const first = parts.findIndex((part) => part > 0)
  if (first === -1) return `0 ${units[0]}`
  const names = [units[3], units[2], units[1], units[0]]
  const wanted = first === 2 && (parts[2] ?? 0) >= 10 ? 1 : 2
  return parts
    .map((part, i) => (part > 0 && i >= first && i < first + wanted ? `${part} ${names[i]}` : ''))
    .filter((text) => text !== '')
    .join(' ')
}

/**
 * Labels of the time axis: times of day; the date where a new day begins.
 * @param {readonly number[]} splits seconds
 * @returns {string[]}
 */
export function timeTicks(splits) {
  const seconds = splits.some((split) => split % 60 !== 0)
  return splits.map((split) => {
    const time = clock(split * 1000, true)
    if (time === '00:00:00') return day(split * 1000).slice('2026-'.length)
    return seconds ? time : time.slice(0, '00:00'.length)
  })
}

/**
 * Labels as people write them, the shown names first; `max` pairs, then how many are left.
 * @param {Readonly<Record<string, string>>} labels
 * @param {{ hide?: readonly string[], max?: number }} [options]
 */
export function labelText(labels, { hide = [], max = Infinity } = {}) {
  const pairs = Object.entries(labels).filter(([name]) => name !== '__name__' && !hide.includes(name))
  const text = pairs
    .slice(0, max)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')
  return pairs.length > max ? `${text} +${pairs.length - max}` : text
}
