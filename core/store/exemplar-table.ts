import type { Exemplar } from '../sample.ts'
import { Labels, type SeriesId } from '../series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/** An exemplar of a known series. */
export type StoredExemplar = Omit<Exemplar, 'series'>

/** The newest exemplars: so many in all, so many of a series. Of those with most, the series that was quiet for longest loses its first. */
export class ExemplarTable {
  readonly #limits: { readonly exemplars: number; readonly exemplars_per_series: number }
  /** In order of time; series in the order in which they last got one. */
  readonly #series = new Map<SeriesId, StoredExemplar[]>()
  #size = 0

  constructor(limits: { readonly exemplars: number; readonly exemplars_per_series: number }) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** In order of time. */
  of(series: SeriesId): readonly StoredExemplar[] {
    return this.#series.get(series) ?? []
  }

  /** Keeps an exemplar; false where it is there already, or older than all that its series may have. */
  add({ series, ...exemplar }: Exemplar): boolean {
    const { exemplars, exemplars_per_series } = this.#limits
    const held = this.#series.get(series) ?? []
    let at = held.length
    while (at > 0 && held[at - 1]!.time_ms > exemplar.time_ms) at--
    for (let i = at - 1; i >= 0 && held[i]!.time_ms === exemplar.time_ms; i--) {
      if (Object.is(held[i]!.value, exemplar.value) && held[i]!.labels.equals(exemplar.labels)) return false
    }
    if (at === 0 && held.length >= exemplars_per_series) return false
    held.splice(at, 0, exemplar)
    this.#size++
    if (held.length > exemplars_per_series) {
      held.shift()
      this.#size--
    }
    // The last in the map is the one that got one last.
    this.#series.delete(series)
    this.#series.set(series, held)
    while (this.#size > exemplars) this.#dropOne()
    return true
  }

  /** Those of a series that has gone. */
  remove(series: SeriesId): void {
    this.#size -= this.of(series).length
    this.#series.delete(series)
  }

  save(writer: ByteWriter): void {
    writer.varint(this.#series.size)
    for (const [series, exemplars] of this.#series) {
      writer.varint(series)
      writer.varint(exemplars.length)
      for (const { time_ms, value, labels } of exemplars) {
        writer.f64(time_ms)
        writer.f64(value)
        writer.varint(labels.size)
        for (const [name, text] of labels) {
          writer.text(name)
          writer.text(text)
        }
      }
    }
  }

  load(reader: ByteReader): void {
    for (let left = reader.count(2); left > 0; left--) {
      const series = reader.varint()
      for (let more = reader.count(17); more > 0; more--) {
        const [time_ms, value] = [reader.f64(), reader.f64()]
        const pairs: [string, string][] = []
        for (let labels = reader.count(2); labels > 0; labels--) pairs.push([reader.text(), reader.text()])
        this.add({ series, time_ms, value, labels: Labels.of(pairs) })
      }
    }
  }

  #dropOne(): void {
    for (const [series, exemplars] of this.#series) {
      exemplars.shift()
      this.#size--
      if (exemplars.length === 0) this.#series.delete(series)
      return
    }
  }
}
