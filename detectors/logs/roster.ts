/** What had nothing for so long gives way where there is no room. */
const IDLE_MS = 3_600_000
/** A share of the limit at once. */
const AT_ONCE = 1 / 16

/** By key, a bounded number; once that many are there, those that had nothing for longest give way, once a minute and no sooner than after an hour. */
export class Roster<T extends { touched_ms: number }> {
  readonly #limit: number
  readonly #all = new Map<string, T>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#all.size
  }

  get isFull(): boolean {
    return this.#all.size >= this.#limit
  }

  get(key: string): T | undefined {
    return this.#all.get(key)
  }

  /** False where there is no room. */
  add(key: string, one: T): boolean {
    if (this.isFull) return false
    this.#all.set(key, one)
    return true
  }

  /** What was saved, whatever the limit is now. */
  replace(all: Iterable<readonly [string, T]>): void {
    this.#all.clear()
    for (const [key, one] of all) this.#all.set(key, one)
  }

  delete(key: string): void {
    this.#all.delete(key)
  }

  entries(): Iterable<readonly [string, T]> {
    return this.#all
  }

  values(): Iterable<T> {
    return this.#all.values()
  }

  /** Makes room where there is none; keys that went. */
  makeRoom(now_ms: number): readonly string[] {
    if (!this.isFull) return []
    const gone = [...this.#all]
      .filter(([, { touched_ms }]) => now_ms - touched_ms >= IDLE_MS)
      .toSorted(([, a], [, b]) => a.touched_ms - b.touched_ms)
      .slice(0, Math.max(1, this.#all.size - this.#limit, Math.ceil(this.#limit * AT_ONCE)))
      .map(([key]) => key)
    for (const key of gone) this.#all.delete(key)
    return gone
  }

  setBack(time_ms: number): void {
    for (const one of this.#all.values()) one.touched_ms = Math.min(one.touched_ms, time_ms)
  }
}
