import { ServiceError } from '#core/errors.ts'

/** `line:column` of an offset, both from 1, columns in bytes of UTF-8, as Prometheus counts them. */
export function positionOf(source: string, offset: number): string {
  const before = source.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1)) + 1}`
}

/** What is thrown for an expression that is not one: `1:4: parse error: …`, as Prometheus words it. */
export function parseError(source: string, offset: number, message: string): ServiceError {
  return new ServiceError('bad_data', `${positionOf(source, offset)}: parse error: ${message}`)
}
