/** How far each partition is read. An offset is the one that comes next. */
export class Partitions {
  readonly #known = new Map<string, { next: bigint; end: bigint }>()
  readonly #mine = new Set<string>()

  /** Those that are ours now; what is known of the others is kept for when they come back. */
  assign(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#mine.clear()
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) this.#mine.add(keyOf(topic, partition))
    }
  }

  /** Undefined where nothing was read. */
  next(topic: string, partition: number): bigint | undefined {
    return this.#known.get(keyOf(topic, partition))?.next
  }

  /** What the broker says before anything is read: nothing before `next` is wanted, records end before `end`. */
  found(topic: string, partition: number, range: { next: bigint; end: bigint }): void {
    this.#known.set(keyOf(topic, partition), range)
  }

  done(topic: string, partition: number, next: bigint): void {
    const known = this.#of(topic, partition)
    known.next = next
    if (known.end < next) known.end = next
  }

  end(topic: string, partition: number, end: bigint): void {
    this.#of(topic, partition).end = end
  }

  /** Records that are known and not done. */
  lag(): bigint {
    let sum = 0n
    for (const key of this.#mine) {
      const known = this.#known.get(key)
      if (known !== undefined && known.end > known.next) sum += known.end - known.next
    }
    return sum
  }

  #of(topic: string, partition: number): { next: bigint; end: bigint } {
    const key = keyOf(topic, partition)
    let known = this.#known.get(key)
    if (known === undefined) {
      known = { next: 0n, end: 0n }
      this.#known.set(key, known)
    }
    return known
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
