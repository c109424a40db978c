/** What a row would know if a run of it had not been: a row of the rule's spare detector that learns between runs alone. */
export interface Copy {
  /** Row in the spare detector. */
  readonly local: number
  /** Event time at which the run's finding begins. */
  readonly since_ms: number
  /** The row is in this run. */
  readonly running: boolean
  /** The run has become a finding. */
  readonly opened: boolean
  /** Somebody said that it is real, while it was open: what is learned in it is taken back when it is over. */
  readonly real: boolean
  /** It ended as the new normal: what comes behind it is not what the copy knows. */
  readonly frozen: boolean
}

/** The copies of all rows, by row in the order of their runs; so many at most, of which the oldest give way. */
export class Copies {
  readonly #limit: number
  readonly #rows = new Map<number, readonly Copy[]>()
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  get full(): boolean {
    return this.#size >= this.#limit
  }

  of(row: number): readonly Copy[] {
    return this.#rows.get(row) ?? []
  }

  entries(): [number, readonly Copy[]][] {
    return [...this.#rows]
  }

  add(row: number, copy: Copy): void {
    this.#put(row, [...this.of(row), copy])
  }

  change(row: number, copy: Copy, change: Partial<Copy>): void {
    this.#put(
      row,
      this.of(row).map((one) => (one.local === copy.local ? { ...one, ...change } : one)),
    )
  }

  drop(row: number, copy: Copy): void {
    this.#put(
      row,
      this.of(row).filter(({ local }) => local !== copy.local),
    )
  }

  /** The oldest of the row that has had one for longest: of many that begin in one outage each costs little. */
  oldest(): { readonly row: number; readonly copy: Copy } | undefined {
    for (const [row, [copy]] of this.#rows) if (copy !== undefined) return { row, copy }
    return undefined
  }

  replace(entries: Iterable<readonly [number, readonly Copy[]]>): void {
    this.#rows.clear()
    this.#size = 0
    for (const [row, copies] of entries) this.#put(row, copies)
  }

  #put(row: number, copies: readonly Copy[]): void {
    this.#size += copies.length - this.of(row).length
    if (copies.length === 0) this.#rows.delete(row)
    else this.#rows.set(row, copies)
  }
}
