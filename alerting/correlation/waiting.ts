import type { Member } from './member.ts'

/** Members that joined nothing yet and may join what opens later: the newest `limit` by arrival. */
export class Waiting {
  readonly #limit: number
  readonly #members = new Map<string, Member>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(ref: string): boolean {
    return this.#members.has(ref)
  }

  /** Takes a member, or its newer form. Returns true when the oldest had to go. */
  put(member: Member): boolean {
    this.#members.set(member.ref, member)
    if (this.#members.size <= this.#limit) return false
    const [oldest] = this.#members.keys()
    if (oldest !== undefined) this.#members.delete(oldest)
    return true
  }

  delete(ref: string): void {
    this.#members.delete(ref)
  }

  clear(): void {
    this.#members.clear()
  }

  /** In order of arrival. */
  all(): Member[] {
    return [...this.#members.values()]
  }
}
