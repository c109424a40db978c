import { z } from 'zod'

import { bytes } from '#core/config/bytes.ts'
import { duration } from '#core/config/duration.ts'
import { secret } from '#core/config/secret.ts'

/** A key as people write it. */
export interface Key {
  /** Dotted; `[]` is each entry of a list, `*` each name of a map. */
  readonly path: string
  readonly type: string
  /** As YAML; undefined where it must be given, '' where leaving it out means nothing. */
  readonly default: string | undefined
}

const NAMED = new Map<z.ZodType, string>([
  [duration, 'duration'],
  [bytes, 'size'],
  [secret, 'secret'],
])

interface Seen {
  readonly schema: z.ZodType
  readonly default: unknown
  readonly optional: boolean
}

/** A refinement is a copy: what is inside stays the same. */
function nameOf(schema: z.ZodType): string | undefined {
  for (const [named, name] of NAMED) {
    const same = schema instanceof z.ZodPipe && named instanceof z.ZodPipe && schema.in === named.in
    if (schema === named || same) return name
  }
  return undefined
}

/** What a schema is inside its wrappers. */
function inside(schema: z.ZodType, seen: Omit<Seen, 'schema'> = { default: undefined, optional: false }): Seen {
  if (nameOf(schema) !== undefined) return { schema, ...seen }
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return inside(schema.unwrap() as z.ZodType, { ...seen, default: schema.def.defaultValue })
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return inside(schema.unwrap() as z.ZodType, { ...seen, optional: true })
  }
  if (!(schema instanceof z.ZodPipe)) return { schema, ...seen }
  // A transform comes behind what people write; `preprocess` comes before it.
  const { in: first, out: second } = schema
  return inside((first instanceof z.ZodTransform ? second : first) as z.ZodType, seen)
}

function typeOf(given: z.ZodType): string {
  const { schema } = inside(given)
  const named = nameOf(schema)
  if (named !== undefined) return named
  if (schema instanceof z.ZodUnion) {
    const types = (schema.options as z.ZodType[]).map(typeOf)
    return [...new Set(types)].join(' or ')
  }
  if (schema instanceof z.ZodLiteral)
    return [...schema.values].map((value) => `\`${value === '' ? '""' : String(value)}\``).join(' or ')
  if (schema instanceof z.ZodEnum) return schema.options.map((value) => `\`${value}\``).join(' or ')
  if (schema instanceof z.ZodArray) return `list of ${typeOf(schema.element as z.ZodType)}`
  if (schema instanceof z.ZodRecord) return `map of ${typeOf(schema.valueType as z.ZodType)}`
  if (schema instanceof z.ZodBoolean) return '`true` or `false`'
  if (schema instanceof z.ZodNumber) return range(schema)
  if (schema instanceof z.ZodURL) return 'URL'
  return schema instanceof z.ZodString ? 'text' : 'anything'
}

function range({ minValue, maxValue }: z.ZodNumber): string {
  const least = minValue ?? -Infinity
  const most = maxValue ?? Infinity
  if (most >= Number.MAX_SAFE_INTEGER) return 'whole number'
  return `${least} to ${most}`
}

/** Every key that a schema of objects knows, in its order. `defaults`: what is in force when a key is not given. */
export function keysOf(schema: z.ZodType, defaults: unknown, path = ''): Key[] {
  const { schema: inner, default: own, optional } = inside(schema)
  const known = defaults ?? own
  if (inner instanceof z.ZodObject) {
    const shape = Object.entries(inner.shape)
    if (shape.length > 0) {
      return shape.flatMap(([key, value]) => {
        return keysOf(
          value,
          (known as Record<string, unknown> | undefined)?.[key],
          path === '' ? key : `${path}.${key}`,
        )
      })
    }
  }
  if (inner instanceof z.ZodUnion) {
    const objects = (inner.options as z.ZodType[]).filter((option) => option instanceof z.ZodObject)
    if (objects.length > 0) return objects.flatMap((option) => keysOf(option, undefined, path))
  }
  if (inner instanceof z.ZodArray && inside(inner.element as z.ZodType).schema instanceof z.ZodObject) {
    return keysOf(inner.element as z.ZodType, undefined, `${path}[]`)
  }
  if (inner instanceof z.ZodRecord && inside(inner.valueType as z.ZodType).schema instanceof z.ZodObject) {
    return keysOf(inner.valueType as z.ZodType, undefined, `${path}.*`)
  }
  const isEmptyObject = inner instanceof z.ZodObject
  const value = known === undefined ? (optional ? '' : undefined) : JSON.stringify(known)
  return [{ path, type: isEmptyObject ? '`{}`' : typeOf(schema), default: value }]
}

const HEAD = `# Configuration

\`barograph.yml\`: \`--config FILE\`, else \`./barograph.yml\` where there is one, else the defaults below, which suffice. An unknown key is an
error that names the nearest known one. \`\${NAME}\` and \`\${NAME:-default}\` read the environment; a secret may be \`{file: path}\`. Any key
can be set on the command line: \`--set listen.http=17300\` (repeatable, the value is YAML). \`barograph config\` prints what is in force,
\`barograph check\` every problem at once.

A duration is written like \`30s\`, \`5m\` or \`1h30m\`, a size like \`64MiB\` or \`2GB\`. A default of — means that the key must be given where
what it belongs to is used; an empty one that leaving it out leaves out what it does.

Generated from the schema by \`npm run reference\`.
`

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** A row a key, with its meaning. */
export function table(keys: readonly Key[], meanings: Readonly<Record<string, string>>): string {
  const rows = keys.map(({ path, type, default: value }) => {
    const shown = value === undefined ? '—' : value === '' ? '' : `\`${value}\``
    return `| \`${path}\` | ${cell(type)} | ${cell(shown)} | ${cell(meanings[path] ?? '')} |`
  })
  return ['| key | type | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** Markdown: a table for single keys, then one for each section. */
export function configurationReference(keys: readonly Key[], meanings: Readonly<Record<string, string>>): string {
  const sectionOf = ({ path }: Key): string => (path.includes('.') ? path.slice(0, path.indexOf('.')) : '')
  const sections = [...new Set(keys.map(sectionOf))].filter((section) => section !== '')
  const parts = sections.map(
    (section) =>
      `## ${section}\n\n${table(
        keys.filter((key) => sectionOf(key) === section),
        meanings,
      )}\n`,
  )
  return [
    HEAD,
    `${table(
      keys.filter((key) => sectionOf(key) === ''),
      meanings,
    )}\n`,
    ...parts,
  ].join('\n')
}
