import type { Hint } from '../hint.ts'

export interface HintReader {
  policies(): readonly string[]
  /**
   * The newest hint. Throws `ServiceError`: `not_found` (no such policy), `unavailable` (no demand was ever seen, or
   * it is stale): never a made-up 0.
   */
  hint(policy: string): Hint
  /** Newest first. */
  history(policy: string, limit: number): readonly Hint[]
}
