import { textOf } from '../wire/json-fields.ts'

/** A trace or span id in lower-case hex; '' where absent, of another length, or all zero. `bytes`: its length. */
export function idOf(value: unknown, name: string, bytes: number): string {
  const id = textOf(value, name).toLowerCase()
  return id.length === bytes * 2 && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id) ? id : ''
}
