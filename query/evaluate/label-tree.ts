import { type Labels, METRIC_NAME } from '#core/series.ts'

/** Holds something; nothing at first. */
export interface Place<T> {
  held: T | undefined
}

/** What has come so far to the same values of the labels asked for. */
class Node<T> implements Place<T> {
  held: T | undefined
  readonly #next = new Map<string, Node<T>>()

  to(text: string): Node<T> {
    let next = this.#next.get(text)
    if (next === undefined) this.#next.set(text, (next = new Node()))
    return next
  }
}

/**
 * Something by a part of a label set: some labels, or all but some. A branch is a text of a label, so that a series that
 * comes to what is there makes neither a label set nor a text of its own.
 */
export class LabelTree<T> {
  readonly #root = new Node<T>()
  readonly #names: readonly string[]
  readonly #without: boolean

  /** `without`: all labels but `names`. */
  constructor(names: readonly string[], without: boolean) {
    this.#names = names
    this.#without = without
  }

  /** The part of a label set that counts. */
  common(labels: Labels): Labels {
    return this.#without ? labels.drop(...this.#names) : labels.keep(new Set(this.#names))
  }

  /** Where the part of these labels is held, or has its place; `apart` tells apart what has the same labels. */
  at(labels: Labels, apart: boolean): Place<T> {
    let node = this.#root
    if (this.#without) {
      for (const [name, value] of labels) if (!this.#names.includes(name)) node = node.to(name).to(value)
    } else {
      for (let i = 0; i < this.#names.length; i++) node = node.to(labels.get(this.#names[i]!))
    }
    // Deeper than any that is not apart, so no value can be mistaken for it.
    return apart ? node.to(METRIC_NAME).to('') : node
  }
}
