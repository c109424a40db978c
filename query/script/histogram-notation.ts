import { numberOf } from '../language/literals.ts'
import { EMPTY, type Histogram, isKnownSchema, type ResetHint } from '../native/histogram.ts'

/** What a literal names, by its keys, and whether a reset hint was among them. */
export interface HistogramLiteral {
  readonly histogram: Histogram
  readonly hinted: boolean
}

const FIELD = /([a-z_]+)\s*:\s*(\[[^\]]*\]|[^\s\]]+)/g
const HINTS: readonly string[] = ['unknown', 'reset', 'not_reset', 'gauge'] satisfies ResetHint[]

/** `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`. Throws an `Error` for what is none. */
export function readHistogram(text: string): HistogramLiteral {
  const inside = text.slice(2, -2).trim()
  const fields = new Map<string, string>()
  for (const [, key, value] of inside.matchAll(FIELD)) fields.set(key!, value!)
  if (inside.replace(FIELD, '').trim() !== '') throw new Error(`not a histogram: ${text}`)
  const take = (key: string): string | undefined => {
    const value = fields.get(key)
    fields.delete(key)
    return value
  }
  const schema = numberIn(take('schema') ?? '0')
  if (!isKnownSchema(schema)) throw new Error(`not a schema: ${schema}`)
  const hint = take('counter_reset_hint') ?? 'unknown'
  if (!HINTS.includes(hint)) throw new Error(`not a reset hint: ${hint}`)
  const side = (prefix: string): Histogram['positive'] => {
    const counts = listIn(take(`${prefix}buckets`) ?? '[]')
    return { offset: numberIn(take(`${prefix}offset`) ?? '0'), counts }
  }
  const hinted = text.includes('counter_reset_hint')
  const histogram: Histogram = {
    ...EMPTY,
    schema,
    hint: hint as ResetHint,
    sum: numberIn(take('sum') ?? '0'),
    count: numberIn(take('count') ?? '0'),
    zeroCount: numberIn(take('z_bucket') ?? '0'),
    zeroThreshold: numberIn(take('z_bucket_w') ?? '0'),
    bounds: listIn(take('custom_values') ?? '[]'),
    positive: side(''),
    negative: side('n_'),
  }
  if (fields.size > 0) throw new Error(`not part of a histogram: ${[...fields.keys()].join(', ')}`)
  return { histogram, hinted }
}

function listIn(text: string): Float64Array {
  return Float64Array.from(text.slice(1, -1).trim().split(/\s+/).filter(Boolean), numberIn)
}

function numberIn(text: string): number {
  const value = numberOf(text)
  if (value === undefined) throw new Error(`not a number: ${text}`)
  return value
}
