import { ServiceError } from '#core/errors.ts'

import type { Column, Histograms, Value } from './values.ts'

/** What a query may hold whatever others do: rules and panels of a few series go on while large queries are refused. */
const ALWAYS = 16 * 2 ** 20

/** Bytes that all queries hold that run now. */
export class QueryMemory {
  readonly limit: number
  #used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  /** Of one query, which then holds so many in all; fewer than 0 gives back. Throws `execution` where it is too much by itself, `overloaded` beside others. */
  take(bytes: number, held: number): void {
    this.#used += bytes
    if (bytes <= 0 || held <= ALWAYS || this.#used <= this.limit) return
    if (held > this.limit) {
      throw new ServiceError('execution', `query would hold more than ${this.limit} bytes of memory in query execution`)
    }
    const message = `queries that are running hold ${this.#used} bytes of memory (limit ${this.limit}): this one needs too much now`
    throw new ServiceError('overloaded', message)
  }
}

/** Of a value at a step: the float, and whether it is there. */
export const VALUE_BYTES = 9
/** Of a histogram but for its buckets. */
export const HISTOGRAM_BYTES = 250
const SLOT_BYTES = 8

/** What a value of an expression holds that nothing else does. */
export function bytesOf(value: Value): number {
  switch (value.kind) {
    case 'string':
      return 0
    case 'scalar':
      return value.value.length * VALUE_BYTES
    case 'vector':
      return bytesOfColumns(value.columns)
    case 'matrix':
      break
  }
  return value.held_bytes
}

function bytesOfColumns(columns: readonly Column[]): number {
  let bytes = 0
  for (const { has, histograms } of columns) bytes += has.length * VALUE_BYTES + bytesOfHistograms(histograms)
  return bytes
}

export function bytesOfHistograms(histograms: Histograms | undefined): number {
  if (histograms === undefined) return 0
  let buckets = 0
  let count = 0
  for (const one of histograms) {
    if (one === undefined) continue
    count++
    buckets += one.positive.counts.length + one.negative.counts.length
  }
  return histograms.length * SLOT_BYTES + count * HISTOGRAM_BYTES + buckets * 8
}
