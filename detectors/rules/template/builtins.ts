import { printf, sprint } from './printf.ts'
import { Dict, failed, isTrue, less, same, Struct, text, typeOf, type Value } from './values.ts'

/** What an argument must be; `float` also takes texts that are a number. */
export type Parameter = 'any' | 'string' | 'vector' | 'sample'

/** A function of templates. With `rest` the last parameter may come any number of times. */
export interface TemplateFunction<World> {
  readonly parameters: readonly Parameter[]
  readonly rest?: boolean
  call(args: readonly Value[], world: World): Value
}

const any = (count: number, call: (...args: readonly Value[]) => Value): TemplateFunction<unknown> => ({
  parameters: Array.from({ length: count }, () => 'any' as const),
  call: (args) => call(...args),
})

const many = (
  call: (args: readonly Value[]) => Value,
  least: readonly Parameter[] = [],
): TemplateFunction<unknown> => ({
  parameters: [...least, 'any'],
  rest: true,
  call: (args) => call(args),
})

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** `and` and `or` stop at the first that decides: the evaluation of arguments does it, these say what the result is. */
export const BUILTINS: Readonly<Record<string, TemplateFunction<unknown>>> = {
  and: many((args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1)!, ['any']),
  or: many((args) => args.find(isTrue) ?? args.at(-1)!, ['any']),
  not: any(1, (value) => !isTrue(value)),
  len: any(1, lengthOf),
  index: many(([of, ...keys]) => keys.reduce<Value>(item, of!), ['any']),
  slice: many(([of, from, to]) => part(of!, from, to), ['any']),
  print: many(sprint),
  println: many((args) => `${args.map(text).join(' ')}\n`),
  printf: many(([format, ...args]) => printf(format as string, args), ['string']),
  html: many((args) => sprint(args).replaceAll(/[&<>"']/g, (one) => HTML[one]!)),
  js: many((args) =>
    JSON.stringify(sprint(args))
      .slice(1, -1)
      .replaceAll(/[<>&=']/g, (one) => `\\u00${one.charCodeAt(0).toString(16).toUpperCase()}`),
  ),
  urlquery: many((args) => urlQuery(sprint(args))),
  eq: many(
    ([first, ...others]) => {
      if (others.length === 0) throw failed('missing argument for comparison')
      return others.some((other) => same(first!, other))
    },
    ['any'],
  ),
  ne: any(2, (a, b) => !same(a, b)),
  lt: any(2, (a, b) => less(a, b)),
  le: any(2, (a, b) => less(a, b) || same(a, b)),
  gt: any(2, (a, b) => less(b, a)),
  ge: any(2, (a, b) => less(b, a) || same(a, b)),
}

/** As Go escapes a part of a query: a space is a plus. */
export const urlQuery = (value: string): string =>
  encodeURIComponent(value)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

function lengthOf(value: Value | undefined): bigint {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  if (value instanceof Dict) return BigInt(value.entries.size)
  if (Array.isArray(value)) return BigInt(value.length)
  throw failed(`len of type ${typeOf(value ?? null)}`)
}

function item(of: Value, key: Value): Value {
  if (of instanceof Dict && typeof key === 'string') return of.get(key)
  if (typeof key !== 'bigint') throw failed(`cannot index ${typeOf(of)} with ${typeOf(key)}`)
  const found =
    typeof of === 'string' ? Buffer.from(of)[Number(key)] : Array.isArray(of) ? (of as Value[])[Number(key)] : undefined
  if (found === undefined) throw failed(`index of ${typeOf(of)} out of range: ${key}`)
  return typeof of === 'string' ? BigInt(found as number) : found
}

function part(of: Value, from: Value | undefined, to: Value | undefined): Value {
  const size = lengthOf(of)
  const [first, last] = [from ?? 0n, to ?? size]
  if (typeof first !== 'bigint' || typeof last !== 'bigint' || first < 0n || last > size || first > last)
    throw failed(`slice of ${typeOf(of)} out of range`)
  if (typeof of === 'string') return Buffer.from(of).subarray(Number(first), Number(last)).toString()
  if (Array.isArray(of)) return (of as Value[]).slice(Number(first), Number(last))
  throw failed(`cannot slice ${typeOf(of)}`)
}

/** Arguments as a function wants them; throws where their number or type does not fit. */
export function checkArguments(
  name: string,
  { parameters, rest = false }: Pick<TemplateFunction<never>, 'parameters' | 'rest'>,
  args: readonly Value[],
): void {
  const least = rest ? parameters.length - 1 : parameters.length
  if (args.length < least || (!rest && args.length > least))
    throw failed(`wrong number of args for ${name}: want ${rest ? 'at least ' : ''}${least} got ${args.length}`)
  for (const [i, arg] of args.entries()) {
    const wanted = parameters[Math.min(i, parameters.length - 1)]!
    if (!fits(arg, wanted)) throw failed(`wrong type for ${name}: expected ${wanted}; got ${typeOf(arg)}`)
  }
}

function fits(value: Value, wanted: Parameter): boolean {
  if (wanted === 'string') return typeof value === 'string'
  if (wanted === 'vector') return Array.isArray(value)
  return wanted === 'any' || (value instanceof Struct && value.type === '*template.sample')
}
