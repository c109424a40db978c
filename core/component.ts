/**
 * Something with a life: a receiver, a sender, a listener.
 *
 * - `start` returns when the component works, and throws a `ServiceError` that says what to do when it cannot.
 * - `stop` may come without `start`, twice, or while `start` runs; it drains what was accepted and then lets go of
 *   everything. After it nothing is pushed, and no timer or socket keeps the process alive.
 */
export interface Component {
  start(): Promise<void>
  stop(): Promise<void>
}

/** What is kept over a restart. The bytes carry their own version; `load` refuses a version it does not know. */
export interface Snapshot {
  /** Names the section of the checkpoint. Never changes once released. */
  readonly name: string
  /**
   * The state as it is now. Nothing else runs meanwhile: it copies columns, and leaves the rest for later. The bytes stay as they
   * are until the next call, which may use their memory again. Throws `ServiceError('unavailable')` where what they refer to
   * cannot be written.
   */
  save(): Uint8Array
  load(bytes: Uint8Array): void
  /** Resolves when all files that the saved bytes rely on are on the disk. */
  durable?(): Promise<void>
}
