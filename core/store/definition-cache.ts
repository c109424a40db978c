import type { SeriesDefinition, SeriesId } from '../series.ts'

const NONE = -1
/** Definitions that were asked for last, about 0.5 KB each. */
const CACHED_BITS = 13
const CACHED = 2 ** CACHED_BITS

/** Definitions as objects, made when asked for: of two whose ids share a place, the last. */
export class DefinitionCache {
  readonly #make: (id: SeriesId) => SeriesDefinition
  readonly #ids = new Int32Array(CACHED).fill(NONE)
  readonly #definitions: SeriesDefinition[] = []

  constructor(make: (id: SeriesId) => SeriesDefinition) {
    this.#make = make
  }

  get(id: SeriesId): SeriesDefinition {
    const place = placeOf(id)
    if (this.#ids[place] === id) return this.#definitions[place]!
    const definition = this.#make(id)
    this.#ids[place] = id
    this.#definitions[place] = definition
    return definition
  }

  forget(id: SeriesId): void {
    const place = placeOf(id)
    if (this.#ids[place] === id) this.#ids[place] = NONE
  }
}

/** Series of one metric often lie the same number of ids apart; they must not share places for that. */
function placeOf(id: SeriesId): number {
  return Math.imul(id, 0x9e3779b1) >>> (32 - CACHED_BITS)
}
