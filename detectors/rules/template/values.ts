import { ServiceError } from '#core/errors.ts'

/** What flows through a template: Go's float64 is a number, its int a bigint; null is nil, and what a missing key of `args` gives. */
export type Value = string | number | bigint | boolean | null | Dict | Struct | readonly Value[]

export const failed = (message: string): ServiceError => new ServiceError('execution', message)

/** A map; a key that is not there gives the zero value. */
export class Dict {
  readonly entries: ReadonlyMap<string, Value>
  readonly zero: Value
  readonly type: string

  constructor(entries: Iterable<readonly [string, Value]>, zero: Value = '', type = 'map[string]string') {
    // In order of keys: so they are printed and ranged over.
    this.entries = new Map([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    this.zero = zero
    this.type = type
  }

  get(key: string): Value {
    return this.entries.get(key) ?? this.zero
  }
}

/** Named fields; a method is a field that takes arguments. */
export class Struct {
  readonly type: string
  readonly fields: Readonly<Record<string, Value | ((...args: readonly Value[]) => Value)>>
  /** As `%v` prints it. */
  readonly text: () => string

  constructor(type: string, fields: Struct['fields'], print?: () => string) {
    this.type = type
    this.fields = fields
    this.text =
      print ??
      (() =>
        `{${Object.values(fields)
          .map((field) => text(field as Value))
          .join(' ')}}`)
  }
}

/** Go's name of a value's type. */
export function typeOf(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return value instanceof Dict || value instanceof Struct ? value.type : 'template.queryResult'
}

/** As Go prints a value with `%v`; nil in a template is `<no value>`. */
export function text(value: Value): string {
  if (value === null) return '<no value>'
  if (typeof value === 'number') return goFloat(value)
  if (value instanceof Dict) return `map[${[...value.entries].map(([key, one]) => `${key}:${text(one)}`).join(' ')}]`
  if (value instanceof Struct) return value.text()
  if (typeof value === 'object') return `[${value.map(text).join(' ')}]`
  return String(value)
}

/** The shortest form, exponents as Go has them: below 1e-4 and from 1e21. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return String(value)
}

export function isTrue(value: Value): boolean {
  if (value instanceof Dict) return value.entries.size > 0
  if (value instanceof Struct) return true
  if (Array.isArray(value)) return value.length > 0
  // Not zero, which NaN is not.
  return value !== null && value !== '' && value !== 0 && value !== 0n && value !== false
}

/** Values are the same under Go's `==`; throws where it does not compare their types. */
export function same(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b
  comparable(a, b)
  return a === b
}

export function less(a: Value, b: Value): boolean {
  comparable(a, b)
  if (typeof a === 'boolean') throw failed('invalid type for comparison')
  return a! < b!
}

function comparable(a: Value, b: Value): void {
  if (typeof a === 'object' || typeof b === 'object') throw failed('invalid type for comparison')
  if (typeof a !== typeof b)
    throw failed(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}${hint(a) ?? hint(b) ?? ''}`)
}

/** The trap that everybody falls into once. */
const hint = (value: Value): string | undefined =>
  typeof value === 'bigint' ? ` (write ${value}.0 to compare with a value)` : undefined

/** What the `humanize` functions take: numbers, and texts that are one. */
export function floatOf(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Struct && typeof value.fields['seconds'] === 'number') return value.fields['seconds']
  if (typeof value !== 'string') throw failed(`can't convert ${typeOf(value)} to float`)
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(value)
  if (special !== null) return special[2]!.toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity
  const parsed = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : NaN
  if (Number.isNaN(parsed)) throw failed(`${JSON.stringify(value)} is no number`)
  return parsed
}
