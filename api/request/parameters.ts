import { z } from '@hono/zod-openapi'

import { parseDuration } from '#core/config/duration.ts'
import { nearest, plainly } from '#core/config/problems.ts'
import { ServiceError } from '#core/errors.ts'
import { LANGUAGES } from '#core/sentences/language.ts'

import { parseTime } from '../prometheus/time.ts'

const quote = (value: unknown): string => JSON.stringify(value) ?? 'nothing'

/** An object whose unknown key is an error that names the one that was probably meant. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error(issue) {
      if (issue.code !== 'unrecognized_keys') return undefined
      const name = issue['keys'][0] ?? ''
      const near = nearest(name, known)
      const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean ${quote(near)}?`
      return `${quote(name)} is not known; ${hint}`
    },
  })
}

const single = (what: string) => z.string({ error: `expected ${what}, once` })

function parsed<T>(what: string, parse: (text: string) => T | undefined) {
  return single(what).transform((text, context): T => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `expected ${what}, got ${quote(text)}` })
    return z.NEVER
  })
}

/** `open,acknowledged`: some of these, separated by commas. */
export function someOf<const Value extends string>(values: readonly Value[]) {
  const known = new Set<string>(values)
  const what = `some of ${values.join(', ')}, separated by commas`
  return parsed(what, (text) => {
    const given = text.split(',').map((part) => part.trim())
    return given.every((part) => known.has(part)) ? (given as Value[]) : undefined
  }).openapi({ type: 'string', example: values.join(',') })
}

export const duration = parsed('a duration like 30s, 5m or 1h30m', (text) => {
  const ms = parseDuration(text)
  return ms === 0 ? undefined : ms
}).openapi({ type: 'string', example: '1h30m' })

export const instant = parsed('a time: RFC 3339 or seconds since 1970', parseTime).openapi({
  type: 'string',
  example: '2026-11-20T10:42:00Z',
})

/** `0.1,0.5,0.9`: ascending, each once, inside 0…1. */
export const quantiles = parsed('quantiles between 0 and 1, separated by commas', (text) => {
  const given = [...new Set(text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))))]
  if (given.length > 32 || given.some((q) => !(q > 0 && q < 1))) return undefined
  return given.toSorted((a, b) => a - b)
}).openapi({ type: 'string', example: '0.1,0.5,0.9' })

/** A whole number from 1 to `most`. */
export function count(most: number) {
  return parsed(`a whole number from 1 to ${most}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
    return value >= 1 && value <= most ? value : undefined
  }).openapi({ type: 'integer', minimum: 1, maximum: most })
}

export const word = single('a text').openapi({ type: 'string' })

const lang = parsed('a language: en or zh', (text) => LANGUAGES.find((language) => language === text)).openapi({
  type: 'string',
  enum: [...LANGUAGES],
  description: 'of sentences; else Accept-Language, else as configured',
})

/** The parameters of an own path; every one takes `lang`. */
export function parameters<Shape extends z.ZodRawShape>(shape: Shape) {
  return strict({ ...shape, lang: lang.optional() })
}

interface Wrong {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** What the issues say; of a union the branch that was meant speaks: not one that wanted another kind of thing. */
function wrongs(issues: readonly z.core.$ZodIssue[], above: readonly PropertyKey[] = []): Wrong[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path]
    const branch =
      issue.code === 'invalid_union'
        ? issue.errors.find((found) => !found.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0))
        : undefined
    return branch === undefined ? [{ path, message: plainly(issue) }] : wrongs(branch, path)
  })
}

/** What is wrong with a request, in one sentence: `parameter "state": expected some of open, closed, got "x"`. */
export function badRequest(error: z.ZodError, target: string): ServiceError {
  const told = wrongs(error.issues)
    .slice(0, 5)
    .map(({ path, message }) => {
      const where = path.map(String).join('.')
      if (target === 'json') return where === '' ? `body: ${message}` : `body: ${where}: ${message}`
      return where === '' ? `parameter ${message}` : `parameter ${quote(where)}: ${message}`
    })
  return new ServiceError('bad_data', told.join('; '))
}
