import { HashSlots, mixed, NOTHING } from './hash-slots.ts'
import { hashOfBytes } from './text-bytes.ts'

const NO_BOUNDS = new Float64Array(0)

/** Bounds of histograms and shapes of exponential ones, each once. Number 0 is that of floats: none. */
export class BoundsTable {
  readonly #bounds: Float64Array[] = [NO_BOUNDS]
  readonly #uses: number[] = [0]
  readonly #free: number[] = []
  readonly #slots = new HashSlots()

  /** Those in use, without number 0. */
  get count(): number {
    return this.#slots.size
  }

  /** -1 where they are not known. Bounds are the same when their bits are. */
  find(bounds: Float64Array): number {
    return bounds.length === 0 ? 0 : this.#find(bounds, hashOf(bounds))
  }

  /** The number of these bounds, used once more. */
  use(bounds: Float64Array): number {
    if (bounds.length === 0) return 0
    const hash = hashOf(bounds)
    let id = this.#find(bounds, hash)
    if (id === NOTHING) {
      id = this.#free.pop() ?? this.#bounds.length
      this.#bounds[id] = bounds.slice()
      this.#uses[id] = 0
      this.#slots.add(hash, id)
    }
    this.#uses[id]!++
    return id
  }

  leave(id: number): void {
    if (id === 0 || --this.#uses[id]! > 0) return
    this.#slots.remove(hashOf(this.#bounds[id]!), id)
    this.#bounds[id] = NO_BOUNDS
    this.#free.push(id)
  }

  of(id: number): Float64Array {
    return this.#bounds[id]!
  }

  #find(bounds: Float64Array, hash: number): number {
    let id: number
    for (let slot = this.#slots.first(hash); (id = this.#slots.at(slot)) !== NOTHING; slot = this.#slots.next(slot)) {
      if (this.#slots.hashAt(slot) === hash && sameBounds(this.#bounds[id]!, bounds)) return id
    }
    return NOTHING
  }
}

function hashOf(bounds: Float64Array): number {
  return mixed(hashOfBytes(new Uint8Array(bounds.buffer, bounds.byteOffset, bounds.byteLength), 0, bounds.byteLength))
}

/** Bit by bit: a hash knows no other sameness. */
function sameBounds(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}
