/** No pair, no name, no row. */
export const NONE = -1

/** Label names as small numbers. There are few, so they stay strings; a number is given again when nobody uses the name any more. */
export class LabelNames {
  readonly #ids = new Map<string, number>()
  readonly #texts: string[] = []
  /** How many pairs have this name, and the first of their list. */
  readonly #pairs: number[] = []
  readonly #first: number[] = []
  readonly #free: number[] = []

  /** Numbers are below this. */
  get length(): number {
    return this.#texts.length
  }

  /** Names in use. */
  get count(): number {
    return this.#ids.size
  }

  find(text: string): number {
    return this.#ids.get(text) ?? NONE
  }

  intern(text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const name = this.#free.pop() ?? this.#texts.length
    this.#ids.set(text, name)
    this.#texts[name] = text
    this.#pairs[name] = 0
    this.#first[name] = NONE
    return name
  }

  text(name: number): string {
    return this.#texts[name]!
  }

  /** How many pairs have this name. */
  pairs(name: number): number {
    return this.#pairs[name]!
  }

  /** The pair that was linked last. */
  first(name: number): number {
    return this.#first[name]!
  }

  link(name: number, pair: number): void {
    this.#pairs[name]!++
    this.#first[name] = pair
  }

  /** A pair is gone; `first` heads the others. Without any, the name is gone as well. */
  unlink(name: number, first: number): void {
    this.#first[name] = first
    if (--this.#pairs[name]! > 0) return
    this.#ids.delete(this.#texts[name]!)
    this.#texts[name] = ''
    this.#free.push(name)
  }

  /** In use, in no order. */
  all(): Iterable<number> {
    return this.#ids.values()
  }
}
