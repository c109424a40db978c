import type { SeriesDefinition, SeriesId } from '../series.ts'

const NONE = -1
/** Definitions that were asked for last, about 0.5 KB each. */
const CACHED = 2 ** 12

/** Definitions as objects, made when asked for: of two whose ids share a place, the last. */
export class DefinitionCache {
  readonly #make: (id: SeriesId) => SeriesDefinition
  readonly #ids = new Int32Array(CACHED).fill(NONE)
  readonly #definitions: SeriesDefinition[] = []

  constructor(make: (id: SeriesId) => SeriesDefinition) {
    this.#make = make
  }

  get(id: SeriesId): SeriesDefinition {
    const place = id & (CACHED - 1)
    if (this.#ids[place] === id) return this.#definitions[place]!
    const definition = this.#make(id)
    this.#ids[place] = id
    this.#definitions[place] = definition
    return definition
  }

  forget(id: SeriesId): void {
    const place = id & (CACHED - 1)
    if (this.#ids[place] === id) this.#ids[place] = NONE
  }
}
