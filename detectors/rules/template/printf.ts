import { general } from '#core/quantities.ts'

import { goFloat, text, typeOf, type Value } from './values.ts'

const VERB = /%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d*))?([a-zA-Z%])/gu
const SIZE_MAX = 10_000
/** More digits than a float64 that lies half way between two shorter numbers has. */
const EXACT = 99

interface Spec {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly verb: string
}

/** Go's `fmt.Sprintf` for the values that templates have. What does not fit stands in the text, as Go writes it. */
export function printf(format: string, args: readonly Value[]): string {
  let next = 0
  const size = (given: string | undefined): number | undefined => {
    const read = given === '*' ? Number(args[next++] ?? 0) : given === undefined ? undefined : Number(given)
    return read === undefined ? undefined : Math.min(read, SIZE_MAX)
  }
  const out = format.replaceAll(
    VERB,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%'
      const spec = { flags, width: size(width) ?? 0, precision: size(precision), verb }
      if (next >= args.length) return `%!${verb}(MISSING)`
      return padded(args[next++]!, spec)
    },
  )
  const extra = args.slice(next).map((arg) => (arg === null ? '<nil>' : `${typeOf(arg)}=${text(arg)}`))
  return extra.length === 0 ? out : `${out}%!(EXTRA ${extra.join(', ')})`
}

/** Go's `fmt.Sprint`: a space between operands where neither is a text. */
export function sprint(args: readonly Value[]): string {
  return args.reduce<string>((out, arg, i) => {
    const spaced = i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string'
    return out + (spaced ? ' ' : '') + (arg === null ? '<nil>' : text(arg))
  }, '')
}

function padded(value: Value, spec: Spec): string {
  const { flags, width } = spec
  const numeric = typeof value === 'number' || typeof value === 'bigint'
  let out = formatted(value, spec)
  if (numeric && !out.startsWith('%!') && !/^[-+]/.test(out)) {
    if (flags.includes('+')) out = `+${out}`
    else if (flags.includes(' ')) out = ` ${out}`
  }
  if (flags.includes('-')) return out.padEnd(width)
  if (!flags.includes('0') || !numeric) return out.padStart(width)
  const sign = /^[-+ ]/.exec(out)?.[0] ?? ''
  return sign + out.slice(sign.length).padStart(width - sign.length, '0')
}

function formatted(value: Value, spec: Spec): string {
  const out =
    spec.verb === 'v' || spec.verb === 'T'
      ? plain(value, spec)
      : typeof value === 'number'
        ? float(value, spec)
        : typeof value === 'bigint'
          ? int(value, spec)
          : typeof value === 'boolean'
            ? spec.verb === 't'
              ? String(value)
              : undefined
            : other(value, spec)
  return out ?? `%!${spec.verb}(${value === null ? '<nil>' : `${typeOf(value)}=${text(value)}`})`
}

function plain(value: Value, spec: Spec): string | undefined {
  if (spec.verb === 'T') return typeOf(value)
  if (value === null) return '<nil>'
  if (typeof value === 'number') return float(value, { ...spec, verb: 'g' })
  return typeof value === 'string' ? cut(value, spec) : text(value)
}

const cut = (value: string, { precision }: Spec): string =>
  precision === undefined ? value : Array.from(value).slice(0, precision).join('')

const twoDigits = (exponential: string): string => exponential.replace(/e([+-])(\d)$/, 'e$10$2')

function float(value: number, { verb, precision }: Spec): string | undefined {
  if (!'eEfFgG'.includes(verb)) return undefined
  if (!Number.isFinite(value)) return goFloat(value)
  const lower = verb.toLowerCase()
  const out =
    lower === 'f'
      ? fixed(value, precision ?? 6)
      : lower === 'e'
        ? twoDigits(value.toExponential(Math.min(precision ?? 6, 100)))
        : precision === undefined
          ? goFloat(value)
          : general(value, Math.max(1, precision))
  return verb === lower ? out : out.toUpperCase()
}

/** Rounds halves to even, as Go does, where JavaScript rounds them away from zero. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(precision, 70)
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`
  const up = value.toFixed(digits)
  const exact = value.toFixed(EXACT)
  const rest = exact.slice(exact.indexOf('.') + 1 + digits)
  if (!/^50*$/.test(rest)) return up
  const down = exact.slice(0, exact.length - rest.length).replace(/\.$/, '')
  return Number(down.at(-1)) % 2 === 0 ? down : up
}

function int(value: bigint, { verb }: Spec): string | undefined {
  switch (verb) {
    case 'd':
      return String(value)
    case 'x':
      return value.toString(16)
    case 'X':
      return value.toString(16).toUpperCase()
    case 'o':
      return value.toString(8)
    case 'b':
      return value.toString(2)
    case 'c':
      return String.fromCodePoint(Number(value))
    case 'q':
      return `'${String.fromCodePoint(Number(value))}'`
    default:
      return undefined
  }
}

function other(value: Value, spec: Spec): string | undefined {
  if (value === null) return undefined
  const whole = text(value)
  switch (spec.verb) {
    case 's':
      return cut(whole, spec)
    case 'q':
      return JSON.stringify(cut(whole, spec))
    case 'x':
    case 'X': {
      const hex = Buffer.from(whole).toString('hex')
      return spec.verb === 'x' ? hex : hex.toUpperCase()
    }
    default:
      return undefined
  }
}
