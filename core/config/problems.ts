import { z } from 'zod'

/** One thing that is wrong in a file that people write: where, what, and what to do. */
export interface Problem {
  readonly file: string
  /** From 1; 0 where the place has no line (a command line, a default). */
  readonly line: number
  /** Dotted, `groups[0].rules[2].for`; '' for the document. */
  readonly path: string
  readonly message: string
}

export function formatProblem({ file, line, path, message }: Problem): string {
  return `${file}${line > 0 ? `:${line}` : ''}: ${path === '' ? '' : `${path}: `}${message}`
}

/** What the parser of YAML says, in one line; the place stands before it. */
export function notYaml(error: Error): string {
  return `not YAML: ${error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')}`
}

export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

/** Levenshtein distance, two rows. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replace, above[j]! + 1, row[j - 1]! + 1))
    }
    above = row
  }
  return above[b.length]!
}

/** The known name that was probably meant, undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, far: distance(name, candidate) }))
    .toSorted((a, b) => a.far - b.far)
  const best = ranked[0]
  return best !== undefined && best.far <= Math.max(2, name.length / 3) ? best.candidate : undefined
}

const WRAPPERS = [z.ZodOptional, z.ZodNullable, z.ZodDefault, z.ZodPrefault] as const

/** The schemas of what stands at a path: more than one where a union takes more, none where nothing may. */
export function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType[] {
  if (WRAPPERS.some((wrapper) => schema instanceof wrapper)) {
    return schemasAt((schema as unknown as { unwrap(): z.ZodType }).unwrap(), path)
  }
  // A preprocessed schema has its transformation first, a transformed one last.
  if (schema instanceof z.ZodPipe)
    return schemasAt((schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType, path)
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).flatMap((one) => schemasAt(one, path))
  const [head, ...rest] = path
  if (head === undefined) return [schema]
  const below = schemaBelow(schema, String(head))
  return below === undefined ? [] : schemasAt(below, rest)
}

function schemaBelow(schema: z.ZodType, key: string): z.ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType
  if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, key)) return undefined
  return (schema.shape as Record<string, z.ZodType>)[key]
}

/** The keys that an object schema knows at a path; empty where it is none. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  return schemasAt(schema, path).flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : []))
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  if (near !== undefined) return `unknown key ${JSON.stringify(key)}; did you mean ${JSON.stringify(near)}?`
  return `unknown key ${JSON.stringify(key)}; known: ${known.toSorted().join(', ')}`
}

/** What zod's types are called in a file that people write. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
}

/** A key is missing, or what is expected of it: what the schema says of that, else zod's issue in the words of the file. */
export function plainly(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is missing'
  if (issue.code === 'invalid_union') return alternatives(issue)
  const words = /^(?:Invalid input|Invalid option|Too small|Too big): (.*)$/.exec(issue.message)?.[1]
  if (words === undefined) return issue.message
  if (issue.code === 'invalid_value') return `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`
  if (issue.code === 'invalid_type') {
    const received = words.split(' received ')[1] ?? ''
    return `${TYPE_NAMES[issue.expected] ?? issue.expected} is expected, not ${TYPE_NAMES[received] ?? received}`
  }
  if (issue.code === 'too_small' && issue.origin === 'number')
    return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
  if (issue.code === 'too_big' && issue.origin === 'number')
    return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
  return words
}

/** What a union says it takes, else what each of its branches would have taken. */
function alternatives({ errors, message }: z.core.$ZodIssueInvalidUnion): string {
  const expected = errors.flatMap(([first]) => (first === undefined ? [] : [plainly(first)]))
  if (expected.length > 0 && expected.every((text) => text === 'is missing')) return 'is missing'
  return message === 'Invalid input' ? [...new Set(expected)].join('; or ') : message
}

/** What zod found, as problems without file and line: path and message. Of a union's branches the nearest one speaks. */
export function issuesOf(
  error: z.ZodError,
  schema: z.ZodType,
): { readonly path: readonly PropertyKey[]; readonly message: string }[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path)
      // What the schema itself says of such keys.
      const more = issue.message.startsWith('Unrecognized key') ? '' : `; ${issue.message}`
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: unknownKey(key, known) + more }))
    }
    return [{ path: issue.path, message: plainly(issue) }]
  })
}
