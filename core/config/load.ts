import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { type Document, isNode, type LineCounter, parse } from 'yaml'
import type { z } from 'zod'

import { messageOf, ServiceError } from '../errors.ts'
import { concealUser } from '../net/peer.ts'
import { formatPath, formatProblem, issuesOf, type Problem, schemasAt } from './problems.ts'
import { Secret } from './secret.ts'
import { parseFile } from './yaml-file.ts'

type Raw = Record<string, unknown>

/** What is in force: checked values for the program, and the merged text form for people. */
export interface LoadedConfig<T> {
  readonly value: T
  /** Defaults, file and overrides merged, secrets as `<secret>`. */
  readonly raw: Raw
  /** Relative paths in the file are relative to this folder. */
  readonly folder: string
}

export interface ConfigSources<T> {
  readonly schema: z.ZodType<T>
  /** Complete, in the form in which people write it. */
  readonly defaults: Raw
  /** Undefined: defaults only. */
  readonly file?: string | undefined
  /** `a.b=YAML`, in order. */
  readonly overrides?: readonly string[]
  readonly environment?: Readonly<Record<string, string | undefined>>
}

const isPlain = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret)

function merge(base: unknown, over: unknown): unknown {
  if (!isPlain(base) || !isPlain(over)) return over
  const merged = Object.entries(over).map(([key, value]) => {
    return [key, Object.hasOwn(base, key) ? merge(base[key], value) : value] as const
  })
  return Object.fromEntries([...Object.entries(base), ...merged])
}

/** Expands `${NAME}` and reads `{file: path}`; tells of what is missing. */
class Expander {
  readonly #environment: Readonly<Record<string, string | undefined>>
  readonly #folder: string
  readonly missing: { path: PropertyKey[]; message: string }[] = []

  constructor(environment: Readonly<Record<string, string | undefined>>, folder: string) {
    this.#environment = environment
    this.#folder = folder
  }

  expand(value: unknown, path: PropertyKey[] = []): unknown {
    if (typeof value === 'string') return this.#text(value, path)
    if (Array.isArray(value)) return value.map((item, i) => this.expand(item, [...path, i]))
    if (!isPlain(value)) return value
    const entries = Object.entries(value)
    if (entries.length === 1 && typeof value['file'] === 'string') return this.#secret(value['file'], path)
    return Object.fromEntries(entries.map(([key, item]) => [key, this.expand(item, [...path, key])]))
  }

  #text(text: string, path: PropertyKey[]): unknown {
    let whole = true
    const expanded = text.replaceAll(
      /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
      (match, name: string, fallback?: string) => {
        whole &&= match.length === text.length
        const value = this.#environment[name] ?? fallback
        if (value === undefined)
          this.missing.push({
            path,
            message: `environment variable ${name} is not set; set it, or write \${${name}:-default}`,
          })
        return value ?? ''
      },
    )
    if (expanded === text) return text
    // A whole `${PORT}` is the value itself: a number stays a number. Text around it stays text.
    return whole && /^(?:\d+(?:\.\d+)?|true|false)$/.test(expanded) ? parse(expanded) : expanded
  }

  #secret(file: string, path: PropertyKey[]): unknown {
    try {
      return new Secret(readFileSync(resolve(this.#folder, file), 'utf8').trim())
    } catch (error) {
      this.missing.push({ path, message: `cannot read the secret from ${file}: ${messageOf(error)}` })
      return new Secret('')
    }
  }
}

/** The line of a path in a YAML document, that of the nearest parent where it has none; 0 when unknown. */
export function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 0
}

function parseValue(text: string, value: string): unknown {
  try {
    return parse(value)
  } catch (error) {
    throw new ServiceError('bad_config', `--set ${text}: the value is not YAML: ${messageOf(error).split('\n')[0]}`)
  }
}

/** `a.b=YAML` as a map of maps. */
function override(text: string): Raw {
  const at = text.indexOf('=')
  if (at <= 0) throw new ServiceError('bad_config', `--set ${text}: write it like --set listen.http=17300`)
  const value = parseValue(text, text.slice(at + 1))
  return text
    .slice(0, at)
    .split('.')
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Raw
}

/** Whether something stands at a path. */
function reaches(raw: unknown, [head, ...rest]: readonly PropertyKey[]): boolean {
  if (head === undefined) return true
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, head)) return false
  return reaches((raw as Record<PropertyKey, unknown>)[head], rest)
}

function masked(raw: unknown, value: unknown): unknown {
  if (value instanceof Secret || raw instanceof Secret) return '<secret>'
  if (typeof raw === 'string') return concealUser(raw)
  if (Array.isArray(raw)) return raw.map((item, i) => masked(item, (value as unknown[] | null | undefined)?.[i]))
  if (!isPlain(raw)) return raw
  return Object.fromEntries(
    Object.entries(raw).map(([key, item]) => [key, masked(item, (value as Raw | null | undefined)?.[key])]),
  )
}

/** All problems at once, as the message of one `bad_config`. */
function refuse(problems: readonly Problem[]): never {
  throw new ServiceError('bad_config', problems.map(formatProblem).join('\n'))
}

/** Defaults, then the file, then overrides; environment expanded, secrets read, checked strictly as a whole. */
export function loadConfig<T>({
  schema,
  defaults,
  file,
  overrides = [],
  environment = process.env,
}: ConfigSources<T>): LoadedConfig<T> {
  const parsed = file === undefined ? undefined : parseFile(file)
  if (parsed !== undefined && !isPlain(parsed.raw)) {
    throw new ServiceError('bad_config', `${file}: the configuration is not a map of keys`)
  }
  const folder = file === undefined ? process.cwd() : dirname(resolve(file))
  const set = overrides.map(override)
  const merged = set.reduce((raw, one) => merge(raw, one) as Raw, merge(defaults, parsed?.raw ?? {}) as Raw)
  const expander = new Expander(environment, folder)
  const raw = expander.expand(merged) as Raw
  const result = schema.safeParse(raw)
  const missing = new Set(expander.missing.map(({ path }) => formatPath(path)))
  const issues = result.success
    ? []
    : issuesOf(result.error, schema)
        .filter(({ path }) => !missing.has(formatPath(path)))
        .map(({ path, message }) => ({ path, message: message + given(raw, path, schema) }))
  const found = [...expander.missing, ...issues]
  if (found.length > 0 || !result.success) {
    refuse(
      found.map(({ path, message }) => {
        const at = { path: formatPath(path), message }
        if (set.some((one) => reaches(one, path))) return { file: '--set', line: 0, ...at }
        const line = parsed === undefined ? 0 : lineOf(parsed.document, parsed.lines, path)
        return { file: file ?? 'configuration', line, ...at }
      }),
    )
  }
  return { value: result.data, raw: masked(raw, result.data) as Raw, folder }
}

const SECRET = new Secret('')

/** ` (is 7)`, so that the reader sees the value without opening the file; structures, and what may be secret, are not shown. */
function given(raw: Raw, path: readonly PropertyKey[], schema: z.ZodType): string {
  if (schemasAt(schema, path).some((one) => one.safeParse(SECRET).success)) return ''
  let value: unknown = raw
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key]
  if (typeof value === 'string') return ` (is ${JSON.stringify(concealUser(value))})`
  return ['number', 'boolean'].includes(typeof value) ? ` (is ${JSON.stringify(value)})` : ''
}
