/** First in, first out, without moving everything for each that leaves; what has left is not kept alive. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The one that leaves next; undefined where there is none. */
  first(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.length === 0) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
    return item
  }

  /** These leave before all others. */
  putBack(items: readonly T[]): void {
    this.#items.splice(0, this.#head, ...items)
    this.#head = 0
  }

  all(): T[] {
    return this.#items.slice(this.#head) as T[]
  }

  /** Everything, and nothing is left. */
  clear(): T[] {
    const items = this.all()
    this.#items = []
    this.#head = 0
    return items
  }
}
