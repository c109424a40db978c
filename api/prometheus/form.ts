import type { Context } from 'hono'

import { ServiceError } from '#core/errors.ts'

import { parseSpan, parseTime } from './time.ts'

/** In the words of Prometheus' API, which clients and tests compare. */
export function invalidParameter(name: string, message: string): ServiceError {
  return new ServiceError('bad_data', `invalid parameter "${name}": ${message}`)
}

/** The parameters of one request: those of a form first, then those of the address. */
export class Form {
  readonly #values: URLSearchParams

  constructor(values: URLSearchParams) {
    this.#values = values
  }

  /** Reads the body of a POST when it is a form; other bodies are ignored, as Go's `ParseForm` does. */
  static async of(c: Context): Promise<Form> {
    const address = new URL(c.req.url).searchParams
    const type = c.req.header('content-type') ?? ''
    if (c.req.method !== 'POST' || !type.toLowerCase().startsWith('application/x-www-form-urlencoded')) {
      return new Form(address)
    }
    return new Form(new URLSearchParams([...new URLSearchParams(await c.req.text()), ...address]))
  }

  /** '' where it is absent. */
  text(name: string): string {
    return this.#values.get(name) ?? ''
  }

  all(name: string): string[] {
    return this.#values.getAll(name)
  }

  /** In ms. Without `otherwise` the parameter is required. */
  time(name: string, otherwise?: number): number {
    const text = this.text(name)
    if (text === '' && otherwise !== undefined) return otherwise
    const time_ms = parseTime(text)
    if (time_ms !== undefined) return time_ms
    // Prometheus words it so where it may be left out.
    const what = otherwise === undefined ? '' : `invalid time value for '${name}': `
    throw invalidParameter(name, `${what}cannot parse ${JSON.stringify(text)} to a valid timestamp`)
  }

  /** In ms; undefined where it is absent. */
  span(name: string): number | undefined {
    const text = this.text(name)
    if (text === '') return undefined
    const span_ms = parseSpan(text)
    if (span_ms !== undefined) return span_ms
    throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`)
  }

  /** Like `span`, and more than nothing. */
  positiveSpan(name: string): number | undefined {
    const span_ms = this.span(name)
    if (span_ms === undefined || span_ms > 0) return span_ms
    throw invalidParameter(name, `${JSON.stringify(this.text(name))} is not more than 0`)
  }

  /** How many are wanted; Infinity where it is absent or 0. */
  limit(name = 'limit'): number {
    const text = this.text(name)
    if (text === '') return Infinity
    if (/^-\d+$/.test(text)) throw invalidParameter(name, 'limit must be non-negative')
    if (!/^\+?\d+$/.test(text))
      throw invalidParameter(name, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
    return Number(text) === 0 ? Infinity : Number(text)
  }

  flag(name: string): boolean {
    const text = this.text(name).toLowerCase()
    if (['', '0', 'f', 'false'].includes(text)) return false
    if (['1', 't', 'true'].includes(text)) return true
    const message = `error converting ${name}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`
    throw invalidParameter(name, message)
  }
}
