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

/**
 * Bytes that mostly stay what they were from one checkpoint to the next: where a file has them already, they are not written again. `version` is
 * another object as soon as they may be other bytes, or more.
 */
export interface SteadyPart {
  readonly steady: Uint8Array
  readonly version: object
  /** Of the bytes. */
  readonly length: number
}

export type Part = Uint8Array | SteadyPart

/** The same, where the bytes have to be made: that is done only where they are written. A part of them may be empty, as those of a snapshot may. */
export interface MadePart {
  readonly make: () => Iterable<Uint8Array>
  readonly version: object
}

export function* bytesOfPart(part: Part | MadePart): Generator<Uint8Array, void> {
  if ('make' in part) yield* part.make()
  else yield 'steady' in part ? part.steady : part
}

/** What is kept over a restart. The bytes carry their own version; `load` refuses a version it does not know. */
export interface Snapshot {
  /** Names the section of the checkpoint. Never changes once released. */
  readonly name: string
  /** The state as it is now. Throws `ServiceError('unavailable')` where what it refers to cannot be written. */
  save(): Uint8Array
  /**
   * For much state: the bytes of `save` one part after the other, without a copy of them. What makes a part may be called while
   * requests are read and answered; until the last one was taken no input is applied, and the parts say what they say until then.
   * A part may be empty, where making the next takes its time.
   */
  parts?(): Iterable<Part | MadePart>
  load(bytes: Uint8Array): void
  /** Resolves when all files that the saved bytes rely on are on the disk. */
  durable?(): Promise<void>
  /**
   * What was saved last is what a start loads: what only checkpoints before the previous one rely on may go. `durable` says nothing of that, since another
   * snapshot or the file itself may fail behind it.
   */
  placed?(): void
}
