import { join } from 'node:path'

import { compileKernel, Instance, type KernelMemory, type KernelValue } from '../kernels.ts'
import type { SampleRange } from './chunk-codec.ts'
import { SampleBuffer } from './sample-buffer.ts'

/** What `kernel/piece.ts` exports. */
interface Exports {
  readonly memory: KernelMemory
  readonly MOST: KernelValue
  readonly DESK: KernelValue
  readonly DESK_FLAGS: KernelValue
  readonly DESK_SAMPLES: KernelValue
  readonly DESK_COLUMNS: KernelValue
  readonly INPUT: KernelValue
  readonly FLAGS: KernelValue
  readonly OUTPUT: KernelValue
  readonly ROOM: KernelValue
  readonly encode: (columns: number, count: number, values: number, apart: number, flags: number) => number
}

/** Views of pieces up to so many bytes are made once: to make one is dear. */
const VIEWS = 512

/** Writes pieces in WebAssembly: see decision 012. Its memory never grows. */
export class PieceKernel {
  readonly #encode: Exports['encode']
  /** Addresses, and bytes from a column of the desk to the next. */
  readonly #deskAt: number
  readonly #deskFlagsAt: number
  readonly #apart: number
  readonly #inputAt: number
  readonly #flagsAt: number
  readonly #input: Float64Array
  readonly #flags: Uint8Array
  readonly #output: Uint8Array
  /** Of the output, by length. */
  readonly #views: readonly Uint8Array[]
  /** Samples that a piece may have. */
  readonly most: number
  /** Bytes that a piece may have. */
  readonly room: number
  /** What is gathered in it need not be copied to be written. */
  readonly desk: SampleBuffer

  private constructor(exports: Exports) {
    const { buffer } = exports.memory
    const samples = exports.DESK_SAMPLES.value
    this.#encode = exports.encode
    this.most = exports.MOST.value
    this.room = exports.ROOM.value
    this.#deskAt = exports.DESK.value
    this.#deskFlagsAt = exports.DESK_FLAGS.value
    this.#apart = samples * 8
    this.#inputAt = exports.INPUT.value
    this.#flagsAt = exports.FLAGS.value
    this.#input = new Float64Array(buffer, this.#inputAt, this.room / 8)
    this.#flags = new Uint8Array(buffer, this.#flagsAt, this.most)
    this.#output = new Uint8Array(buffer, exports.OUTPUT.value, this.room)
    this.#views = Array.from({ length: VIEWS }, (_, length) => this.#output.subarray(0, length))
    const [time_ms, ...columns] = Array.from(
      { length: exports.DESK_COLUMNS.value },
      (_, i) => new Float64Array(buffer, this.#deskAt + i * this.#apart, samples),
    )
    const stale = new Uint8Array(buffer, this.#deskFlagsAt, samples)
    this.desk = new SampleBuffer({ time_ms: time_ms!, columns, stale })
  }

  /** Undefined where the processor has no vectors. */
  static begin(): PieceKernel | undefined {
    const module = compileKernel(join(import.meta.dirname, 'kernel/piece.wasm'))
    return module && new PieceKernel(new Instance(module, {}).exports as Exports)
  }

  /** See `encodePiece`; the samples fit. */
  encode({ samples, from, to }: SampleRange): Uint8Array {
    const count = to - from
    const columns = samples.columns.length + 1
    const { desk } = this
    if (samples === desk && desk.isAtHome) {
      return this.#view(this.#encode(columns, count, this.#deskAt + from * 8, this.#apart, this.#deskFlagsAt + from))
    }
    this.#lay(samples.time_ms, from, to, 0)
    for (let i = 1; i < columns; i++) this.#lay(samples.columns[i - 1]!, from, to, count * i)
    for (let i = from; i < to; i++) this.#flags[i - from] = samples.stale[i]!
    return this.#view(this.#encode(columns, count, this.#inputAt, count * 8, this.#flagsAt))
  }

  #lay(values: Float64Array, from: number, to: number, at: number): void {
    const input = this.#input
    for (let i = from; i < to; i++) input[at + i - from] = values[i]!
  }

  #view(length: number): Uint8Array {
    return length < VIEWS ? this.#views[length]! : this.#output.subarray(0, length)
  }
}
