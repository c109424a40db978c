/** Of less, asking anew costs no more. */
const LEAST_BYTES = 2 ** 18
/** Kept at most: the bodies of a few senders at once. */
const KEPT_BYTES = 2 ** 24
/** Lengths are rounded up to these, so that the next body fits although it is a little longer. */
const STEP_BYTES = 2 ** 18

/**
 * Memory of long bodies, kept for the next ones: given back and asked for each time it comes as fresh pages, which cost more than to copy
 * a body into them.
 */
export class KeptMemory {
  readonly #free: ArrayBuffer[] = []
  #bytes = 0

  /** Memory that nobody else holds, of at least this length; what it holds means nothing. Undefined where it is not worth keeping. */
  take(bytes: number): ArrayBuffer | undefined {
    if (bytes < LEAST_BYTES || bytes > KEPT_BYTES) return undefined
    const at = this.#free.findLastIndex(({ byteLength }) => byteLength >= bytes && byteLength < 2 * bytes + STEP_BYTES)
    if (at < 0) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES).buffer
    const [memory] = this.#free.splice(at, 1) as [ArrayBuffer]
    this.#bytes -= memory.byteLength
    return memory
  }

  /** Gives back what was taken: views of it are empty from now on. */
  give(memory: ArrayBuffer): void {
    this.#free.push(memory.transfer())
    this.#bytes += this.#free.at(-1)!.byteLength
    // Those that nobody asked for the longest go.
    while (this.#bytes > KEPT_BYTES) this.#bytes -= drop(this.#free.shift()!)
  }
}

function drop(memory: ArrayBuffer): number {
  const { byteLength } = memory
  memory.transfer(0)
  return byteLength
}
