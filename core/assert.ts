/** A broken promise of our own code: the message starts with `BUG:` and the process may end. Never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`BUG: ${message}`)
}
