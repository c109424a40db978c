import { ServiceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { LooseSample } from './sample-buffer.ts'

/** So many a series, then its head is sealed together with them. */
export const LATE_SAMPLES = 120

/**
 * Samples that came behind the newest of their series. They wait here in order of time, are merged into what is read,
 * and go into chunks when the head is sealed: so columns that others read are only ever added to.
 */
export class LateSamples {
  readonly #series = new Map<number, LooseSample[]>()
  #bytes = 0

  /** About what the numbers take. */
  get bytes(): number {
    return this.#bytes
  }

  /** In order of time. */
  of(series: number): readonly LooseSample[] {
    return this.#series.get(series) ?? []
  }

  /** Index of the first sample that is not before `time_ms`. */
  indexOf(series: number, time_ms: number): number {
    const samples = this.of(series)
    const index = samples.findIndex((sample) => sample.time_ms >= time_ms)
    return index < 0 ? samples.length : index
  }

  /** Keeps a sample whose time is not here yet; true when the series has all it may have. */
  add(series: number, sample: LooseSample): boolean {
    const samples = this.#series.get(series)
    this.#bytes += sizeOf(sample)
    if (samples === undefined) {
      this.#series.set(series, [sample])
      return false
    }
    samples.splice(this.indexOf(series, sample.time_ms), 0, sample)
    return samples.length >= LATE_SAMPLES
  }

  /** Takes out all samples of a series. */
  take(series: number): readonly LooseSample[] {
    const samples = this.of(series)
    this.#series.delete(series)
    for (const sample of samples) this.#bytes -= sizeOf(sample)
    return samples
  }

  /** Lets go of what is older; returns how many. */
  dropBefore(series: number, cutoff_ms: number): number {
    const dropped = this.indexOf(series, cutoff_ms)
    if (dropped === 0) return 0
    const kept = this.take(series).slice(dropped)
    for (const sample of kept) this.add(series, sample)
    return dropped
  }

  save(writer: ByteWriter): void {
    writer.varint(this.#series.size)
    for (const [series, samples] of this.#series) {
      writer.varint(series)
      writer.varint(samples.length)
      for (const sample of samples) {
        writer.f64(sample.time_ms)
        writer.column(sample.values)
        writer.u8(sample.stale)
      }
    }
  }

  /** `columns`: value columns of a series. Throws `ServiceError('bad_data')` for more than a series may have. */
  load(reader: ByteReader, columns: (series: number) => number): void {
    for (let left = reader.count(2); left > 0; left--) {
      const series = reader.varint()
      const count = reader.count(9)
      if (count >= LATE_SAMPLES) throw new ServiceError('bad_data', `series ${series} has too many late samples`)
      for (let i = 0; i < count; i++) {
        this.add(series, { time_ms: reader.f64(), values: reader.floats(columns(series)), stale: reader.u8() })
      }
    }
  }
}

function sizeOf(sample: LooseSample): number {
  return (sample.values.length + 2) * 8
}
