export type Attributes = Readonly<Record<string, string>>

/**
 * Sets of attributes that are kept apart. Beyond them all go together under one of its own, as the specification has it: "Metrics SDK", cardinality
 * limits, 2000 with that one.
 */
const MOST = 1999
const NO_ATTRIBUTES: Attributes = Object.freeze({})
const OVERFLOW: Attributes = Object.freeze({ 'otel.metric.overflow': 'true' })

/**
 * What was measured with each set of attributes, kept here and read when somebody looks: the SDK sorts and prints attributes at each measurement, and there
 * are some ten of those to every request.
 */
export class ByAttributes<Cell> {
  readonly #begin: (attributes: Attributes) => Cell
  readonly #cells = new Map<string, Cell>()
  /** Who measures often does so with the same object each time. */
  readonly #known = new WeakMap<Attributes, Cell>()

  /** `begin` makes the cell of a set that is new. */
  constructor(begin: (attributes: Attributes) => Cell) {
    this.#begin = begin
  }

  of(attributes: Attributes = NO_ATTRIBUTES): Cell {
    return this.#known.get(attributes) ?? this.#find(attributes)
  }

  cells(): Iterable<Cell> {
    return this.#cells.values()
  }

  #find(attributes: Attributes): Cell {
    let key = ''
    for (const name in attributes) key += `${name}\u0000${attributes[name]}\u0001`
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      if (this.#cells.size >= MOST && attributes !== OVERFLOW) return this.#find(OVERFLOW)
      this.#cells.set(key, (cell = this.#begin({ ...attributes })))
    }
    if (Object.isFrozen(attributes)) this.#known.set(attributes, cell)
    return cell
  }
}
