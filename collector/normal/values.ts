import { ServiceError } from '#core/errors.ts'

import { booleanOf, numberOf, objectOf, objectsOf, textOf } from '../wire/json-fields.ts'
import { type JsonObject, MAX_DEPTH } from '../wire/to-json.ts'

/** An integer as it was written: one above 2^53 in quotes keeps its digits. */
function integerText(value: unknown): string {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? value : String(numberOf(value, 'intValue') ?? 0)
}

/** An `AnyValue` as JSON has it; bytes stay base64. */
function plain(value: JsonObject, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new ServiceError('bad_data', `a value is nested more than ${MAX_DEPTH} deep`)
  const is = (name: string): boolean => value[name] !== undefined && value[name] !== null
  if (is('arrayValue')) {
    const list = objectsOf(objectOf(value['arrayValue'], 'arrayValue')?.['values'], 'values')
    return list.map((item) => plain(item, depth + 1))
  }
  if (is('kvlistValue')) {
    const pairs = objectsOf(objectOf(value['kvlistValue'], 'kvlistValue')?.['values'], 'values')
    const entries = pairs.map((pair): [string, unknown] => {
      return [textOf(pair['key'], 'key'), plain(objectOf(pair['value'], 'value') ?? {}, depth + 1)]
    })
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  }
  if (is('stringValue')) return textOf(value['stringValue'], 'stringValue')
  if (is('boolValue')) return booleanOf(value['boolValue'], 'boolValue')
  if (is('intValue')) {
    const text = integerText(value['intValue'])
    return Number.isSafeInteger(Number(text)) ? Number(text) : text
  }
  if (is('doubleValue')) {
    const number = numberOf(value['doubleValue'], 'doubleValue') ?? 0
    return Number.isFinite(number) ? number : String(number)
  }
  if (is('bytesValue')) return textOf(value['bytesValue'], 'bytesValue')
  return null
}

/** An `AnyValue` as JSON has it, null where there is none. Throws `ServiceError('bad_data')`. */
export function contentOf(value: unknown): unknown {
  const object = objectOf(value, 'value')
  return object === undefined ? null : plain(object, 0)
}

/** An `AnyValue` as text: strings as they are, structures as JSON, '' where there is none. */
export function textOfValue(value: unknown): string {
  const content = contentOf(value)
  if (content === null) return ''
  return typeof content === 'string' ? content : JSON.stringify(content)
}

/** Attributes in order of their keys; of a key given twice the last stays. Throws `ServiceError('bad_data')`. */
export function attributesOf(list: unknown): readonly (readonly [key: string, value: string])[] {
  const pairs = new Map<string, string>()
  for (const pair of objectsOf(list, 'attributes')) pairs.set(textOf(pair['key'], 'key'), textOfValue(pair['value']))
  return [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
