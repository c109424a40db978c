import { messageOf, ServiceError } from '#core/errors.ts'
import { compileRegex } from '#core/matching.ts'
import { general, humanize, humanize1024, humanizeDuration, humanizePercentage } from '#core/quantities.ts'

/** What flows through a template. */
export type Value = string | number | boolean | Readonly<Record<string, string>>

type Function = (...args: readonly Value[]) => Value

const number = (value: Value | undefined): number => {
  const parsed = typeof value === 'number' ? value : Number.parseFloat(text(value))
  if (Number.isNaN(parsed) && !/^nan$/i.test(text(value)))
    throw new ServiceError('execution', `${JSON.stringify(text(value))} is no number`)
  return parsed
}

/** As Go prints a value with `%v`. */
export function text(value: Value | undefined): string {
  if (value === undefined) return '<no value>'
  if (typeof value === 'number') return goFloat(value)
  if (typeof value === 'object')
    return `map[${Object.entries(value)
      .map(([k, v]) => `${k}:${v}`)
      .join(' ')}]`
  return String(value)
}

/** The shortest form, exponents as Go has them: below 1e-4 and from 1e21. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return String(value)
}

const isTrue = (value: Value | undefined): boolean =>
  typeof value === 'object'
    ? Object.keys(value).length > 0
    : value !== undefined && value !== '' && value !== 0 && value !== false

const VERB = /%([-+ 0#]*)(\d+)?(?:\.(\d+))?([sdfvqgGeExXtc%])/g

/** Go's fmt for the verbs that rules use. */
function printf(format: Value | undefined, ...args: readonly Value[]): string {
  let next = 0
  return text(format).replace(
    VERB,
    (whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%'
      if (next >= args.length) return `%!${verb}(MISSING)`
      const out = formatted(verb, args[next++]!, precision === undefined ? undefined : Number(precision), whole)
      const signed = flags.includes('+') && /^\d/.test(out) ? `+${out}` : out
      const pad = flags.includes('0') && !flags.includes('-') ? '0' : ' '
      return flags.includes('-') ? signed.padEnd(Number(width ?? 0)) : signed.padStart(Number(width ?? 0), pad)
    },
  )
}

function formatted(verb: string, value: Value, precision: number | undefined, whole: string): string {
  switch (verb) {
    case 'd':
      return typeof value === 'number' && !Number.isInteger(value)
        ? `%!d(float64=${goFloat(value)})`
        : String(Math.trunc(number(value)))
    case 'f':
      return number(value).toFixed(precision ?? 6)
    case 'e':
      return number(value)
        .toExponential(precision ?? 6)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    case 'g':
      return precision === undefined ? goFloat(number(value)) : general(number(value), precision)
    case 'q':
      return JSON.stringify(text(value))
    case 's':
    case 'v':
    case 't':
      return precision === undefined ? text(value) : text(value).slice(0, precision)
    default:
      throw new ServiceError('execution', `printf: ${whole} is not supported`)
  }
}

function timestamp(seconds: number): string {
  const time = new Date(seconds * 1000)
  if (Number.isNaN(time.getTime())) return goFloat(seconds)
  return time
    .toISOString()
    .replace('T', ' ')
    .replace(/\.?0*Z$/, ' +0000 UTC')
}

const compare = (a: Value | undefined, b: Value | undefined): number =>
  typeof a === 'number' || typeof b === 'number'
    ? number(a) - number(b)
    : text(a) < text(b)
      ? -1
      : text(a) === text(b)
        ? 0
        : 1

function reReplaceAll(pattern: Value | undefined, replacement: Value | undefined, subject: Value | undefined): string {
  // RE2 of Go writes groups as $1 or ${1}; re2js knows the first form.
  return compileRegex(text(pattern))
    .matcher(text(subject))
    .replaceAll(text(replacement).replaceAll(/\$\{(\d+)\}/g, '$$$1'))
}

/** Functions of Prometheus' templates, by name. */
export const FUNCTIONS: Readonly<Record<string, Function>> = {
  humanize: (value) => humanize(number(value)),
  humanize1024: (value) => humanize1024(number(value)),
  humanizeDuration: (value) => humanizeDuration(number(value)),
  humanizePercentage: (value) => humanizePercentage(number(value)),
  humanizeTimestamp: (value) => timestamp(number(value)),
  printf,
  title: (value) => text(value).replaceAll(/\b\p{L}/gu, (letter) => letter.toUpperCase()),
  toUpper: (value) => text(value).toUpperCase(),
  toLower: (value) => text(value).toLowerCase(),
  match: (pattern, subject) => compileRegex(text(pattern)).matcher(text(subject)).find(),
  reReplaceAll,
  eq: (first, ...others) => others.some((other) => compare(first, other) === 0),
  ne: (a, b) => compare(a, b) !== 0,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  and: (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1)!,
  or: (...args) => args.find(isTrue) ?? args.at(-1)!,
  not: (value) => !isTrue(value),
  len: (value) => (typeof value === 'object' ? Object.keys(value).length : text(value).length),
  print: (...args) => args.map(text).join(''),
}

/** Calls one by name; what it throws names it. */
export function call(name: string, args: readonly Value[]): Value {
  try {
    return FUNCTIONS[name]!(...args)
  } catch (error) {
    throw new ServiceError('execution', `${name}: ${messageOf(error)}`)
  }
}

export { isTrue }
