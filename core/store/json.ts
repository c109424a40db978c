import { z } from 'zod'

import { ServiceError } from '../errors.ts'

/** A number in JSON, which writes null for one that is not finite: NaN then. */
export const jsonNumber = z.union([z.number(), z.null().transform(() => Number.NaN)])

/** JSON text as the schema has it; `ServiceError('bad_data')` that names `what` for anything else. */
export function parseJson<T>(text: string, schema: z.ZodType<T>, what: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ServiceError('bad_data', `${what} is not JSON`, { cause: error })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ServiceError('bad_data', `${what} is damaged: ${z.prettifyError(result.error)}`)
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
