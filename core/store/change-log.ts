import { z } from 'zod'

import type { Change } from '../change.ts'
import type { Snapshot } from '../component.ts'
import { ServiceError } from '../errors.ts'
import type { ChangeFilter, ChangeReader } from '../ports/changes.ts'
import { changeSchema } from './change-schema.ts'
import { bytesOf, parseJson, textOf } from './json.ts'

/** Changes that are kept. */
export const CHANGE_LIMIT = 10_000

const schema = z.object({ version: z.literal(1), changes: z.array(changeSchema) })

function isBefore(a: Change, b: Change): boolean {
  return a.at_ms === b.at_ms ? a.id < b.id : a.at_ms < b.at_ms
}

/** Change events by the time at which they happened, the newest `limit` of them. */
export class ChangeLog implements ChangeReader, Snapshot {
  readonly name = 'changes'
  readonly #limit: number
  readonly #byId = new Map<string, Change>()
  /** Oldest first, by `at_ms` then id. */
  #ordered: Change[] = []

  constructor({ limit = CHANGE_LIMIT }: { readonly limit?: number } = {}) {
    this.#limit = limit
  }

  get size(): number {
    return this.#ordered.length
  }

  /** True when it is new; false when its id is known (one that lasts takes another end then), or it is older than all of a full log. */
  add(change: Change): boolean {
    const known = this.#byId.get(change.id)
    if (known !== undefined) {
      if (known.until_ms !== undefined && change.until_ms !== undefined) this.#prolong(known, change.until_ms)
      return false
    }
    const at = this.#position(change)
    if (at === 0 && this.#ordered.length >= this.#limit) return false
    this.#ordered.splice(at, 0, change)
    this.#byId.set(change.id, change)
    if (this.#ordered.length > this.#limit) this.#byId.delete(this.#ordered.shift()!.id)
    return true
  }

  /** Lets go of what was over before that time, the oldest first: behind one that lasts, they wait. */
  retain(from_ms: number): void {
    for (let oldest = this.#ordered[0]; oldest !== undefined; oldest = this.#ordered[0]) {
      if ((oldest.until_ms ?? oldest.at_ms) >= from_ms) return
      this.#ordered.shift()
      this.#byId.delete(oldest.id)
    }
  }

  get(id: string): Change | undefined {
    return this.#byId.get(id)
  }

  /**
   * Newest first. `service` is compared as it is: '' asks for changes that concern everything. Both times are included.
   * Throws `ServiceError('bad_data')` when `after` is not known (any more).
   */
  list({ service, from_ms = -Infinity, to_ms = Infinity, after, limit }: ChangeFilter): Change[] {
    const found: Change[] = []
    for (let i = this.#startOf(after) - 1; i >= 0 && found.length < limit; i--) {
      const change = this.#ordered[i]!
      if (change.at_ms < from_ms) break
      if (change.at_ms <= to_ms && (service === undefined || change.service === service)) found.push(change)
    }
    return found
  }

  /** JSON, format 1. */
  save(): Uint8Array {
    return bytesOf(JSON.stringify({ version: 1, changes: this.#ordered }))
  }

  load(bytes: Uint8Array): void {
    const { changes } = parseJson(textOf(bytes), schema, 'the change log')
    this.#ordered = []
    this.#byId.clear()
    for (const change of changes) this.add(change)
  }

  #prolong(known: Change, until_ms: number): void {
    const changed = { ...known, until_ms }
    this.#ordered[this.#ordered.indexOf(known)] = changed
    this.#byId.set(known.id, changed)
  }

  #startOf(after: string | undefined): number {
    if (after === undefined) return this.#ordered.length
    const change = this.#byId.get(after)
    if (change === undefined) throw new ServiceError('bad_data', `there is no change ${after} to go on from`)
    return this.#position(change)
  }

  /** Where a change belongs: behind all that are before it. */
  #position(change: Change): number {
    let low = 0
    let high = this.#ordered.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(this.#ordered[middle]!, change)) low = middle + 1
      else high = middle
    }
    return low
  }
}
