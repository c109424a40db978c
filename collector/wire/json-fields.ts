import { ServiceError } from '#core/errors.ts'

import { nanosToMs } from './cursor.ts'
import type { JsonObject } from './to-json.ts'

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])
const DECIMAL = /^-?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/

function wrong(name: string, wanted: string): never {
  throw new ServiceError('bad_data', `"${name}" must be ${wanted}`)
}

export function objectOf(value: unknown, name: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) return wrong(name, 'an object')
  return value as JsonObject
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return wrong(name, 'a list')
  return value
}

/** The objects of a list; a null among them is an empty one. */
export function objectsOf(value: unknown, name: string): readonly JsonObject[] {
  return listOf(value, name).map((item) => objectOf(item, name) ?? {})
}

export function textOf(value: unknown, name: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') return wrong(name, 'a string')
  return value
}

/** A number, or one in quotes, or "NaN", "Infinity", "-Infinity"; undefined where absent. Integers above 2^53 are rounded. */
export function numberOf(value: unknown, name: string): number | undefined {
  if (typeof value === 'number') return value
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') return wrong(name, 'a number')
  return SPECIAL.get(value) ?? (DECIMAL.test(value) ? Number(value) : wrong(name, 'a number'))
}

export function booleanOf(value: unknown, name: string): boolean {
  if (value === undefined || value === null) return false
  return typeof value === 'boolean' ? value : wrong(name, 'true or false')
}

/**
 * A time in ns, as text or number, in whole ms: 0 where absent, NaN where no clock says so (negative, beyond 2262). A number above 2^53
 * was rounded by up to 128 ns when it was parsed, so the whole ms it stood for is looked for that far.
 */
export function timeOf(value: unknown, name: string): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return wrong(name, 'whole nanoseconds')
    if (value < 0 || value >= 2 ** 63) return NaN
    return Math.floor((value + (value > Number.MAX_SAFE_INTEGER ? 128 : 0)) / 1e6)
  }
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return wrong(name, 'whole nanoseconds')
  if (value.startsWith('-') || value.length > 20) return NaN
  const nanos = BigInt(value)
  if (nanos >= 2n ** 64n) return NaN
  return nanosToMs(Number(nanos >> 32n), Number(nanos & 0xffff_ffffn))
}
