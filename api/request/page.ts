import { ServiceError } from '#core/errors.ts'

import { count, word } from './parameters.ts'

const DEFAULT_LIMIT = 100

/** Every list takes these. */
export const pageShape = {
  limit: count(1000).optional(),
  next: word.optional().openapi({ description: 'the `next` of the answer before: continues behind it' }),
}

export interface Page<Item> {
  readonly items: readonly Item[]
  /** The cursor of the rest; absent when there is none. */
  readonly next?: string
}

/** One page of a list whose readers continue behind an id. A cursor that names nothing is refused. */
export function pageOf<Item extends { readonly id: string }>(
  query: { readonly limit?: number | undefined; readonly next?: string | undefined },
  list: (filter: { limit: number; after?: string }) => readonly Item[],
  get: (id: string) => Item | undefined,
): Page<Item> {
  const { limit = DEFAULT_LIMIT, next } = query
  if (next !== undefined && get(next) === undefined) {
    throw new ServiceError('bad_data', `parameter "next": ${JSON.stringify(next)} is not a cursor of this list`)
  }
  const found = list({ limit: limit + 1, ...(next === undefined ? {} : { after: next }) })
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return found.length > limit && last !== undefined ? { items, next: last.id } : { items }
}

/** Those of a filter that were given; ports tell absent from undefined. */
export function given<T extends object>(filter: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const pairs = Object.entries(filter).filter(([, value]) => value !== undefined)
  return Object.fromEntries(pairs) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}
