import { Annex } from '../annex.ts'
import type { Rows } from '../rows.ts'
import { Periods } from './period.ts'
import type { Sample } from './sample.ts'

const BINS = 128
/** Of 8 bits: a sixteenth of a standard deviation a step, the middle is 0; a distance counts up to the last of them. */
const STEPS = 16
const ZERO = 128
const MOST = 127 / STEPS
/** Bins are at least so many usual pauses: in a period of fewer than twenty samples a little early or late is all there is. */
const LEAST = 4
/** And no longer, unless pauses are: about a day is the longest period then, and one that is new is found within a week. */
const WIDEST_MS = 64 * 60_000
/** Rows that began together begin to search up to so many usual pauses apart, by what they are: a look costs as much as thirty samples. */
const APART = 32
/** After a pause of more bins it begins anew. */
const PAUSE = BINS / 4

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/**
 * A row's search for a period: distances from what days and weeks say, as means of equal times. When there is room for no
 * more they are looked through; where they show no period two of them become one, and times twice as long are gathered. So it comes from
 * twenty usual pauses to about a day, and begins again.
 */
export class Search {
  readonly #annex: Annex
  /** How long a bin is, and when the one that is being gathered began. */
  readonly #bin_ms
  readonly #since_ms
  readonly #sum
  readonly #count
  /** Bins that are full. */
  readonly #used
  readonly #means
  readonly #values = new Float64Array(BINS)
  readonly #periods = new Periods(BINS)

  constructor(rows: Rows) {
    this.#annex = new Annex(rows)
    const { places } = this.#annex
    this.#bin_ms = places.column(Float64Array)
    this.#since_ms = places.column(Float64Array)
    this.#sum = places.column(Float32Array)
    this.#count = places.column(Uint16Array)
    this.#used = places.column(Uint16Array)
    this.#means = places.column(Uint8Array, BINS)
  }

  get pool(): Rows {
    return this.#annex.places
  }

  forget(row: number): void {
    this.#annex.drop(row)
  }

  part(row: number, from: Search, other: number): void {
    this.#annex.part(row, from.#annex, other)
  }

  /** Learns a sample; the period that is found with it, in ms, else NaN. */
  step(row: number, sample: Sample): number {
    const known = this.#annex.of(row)
    const place = known < 0 ? this.#annex.take(row) : known
    if (known < 0) this.#begin(place, sample)
    const passed_ms = sample.time_ms - this.#since_ms.data[place]!
    if (passed_ms < 0) return NaN
    const found = passed_ms < this.#bin_ms.data[place]! ? NaN : this.#close(place, sample)
    const far = (sample.value - sample.settled) / sample.wide
    this.#sum.data[place]! += far > MOST ? MOST : far < -MOST ? -MOST : far
    this.#count.data[place]! += 1
    return found
  }

  /** The first samples lie in the middle of bins: they may come a little earlier and later. */
  #begin(place: number, { time_ms, cadence_ms, wide }: Sample): void {
    this.#bin_ms.data[place] = LEAST * cadence_ms
    float[0] = wide
    this.#since_ms.data[place] = time_ms + ((bits[0]! % APART) - 0.5) * cadence_ms
    this.#used.data[place] = 0
    this.#empty(place)
  }

  #empty(place: number): void {
    this.#sum.data[place] = 0
    this.#count.data[place] = 0
  }

  /** A bin is over, and some behind it in which nothing came: there the row is taken to be where it was expected. */
  #close(place: number, sample: Sample): number {
    const bin_ms = this.#bin_ms.data[place]!
    const over = Math.floor((sample.time_ms - this.#since_ms.data[place]!) / bin_ms)
    const mean = this.#sum.data[place]! / Math.max(1, this.#count.data[place]!)
    this.#empty(place)
    this.#since_ms.data[place]! += over * bin_ms
    if (over > PAUSE) {
      this.#begin(place, sample)
      return NaN
    }
    let found = this.#add(place, Math.round(mean * STEPS), sample)
    for (let i = 1; i < over && !(found > 0); i++) found = this.#add(place, 0, sample)
    return found
  }

  #add(place: number, steps: number, sample: Sample): number {
    const used = this.#used.data[place]!
    this.#means.data[place * BINS + used] = ZERO + steps
    this.#used.data[place] = used + 1
    if (used + 1 < BINS) return NaN
    const found = this.#look(place)
    if (2 * this.#bin_ms.data[place]! > WIDEST_MS) this.#begin(place, sample)
    else this.#join(place)
    return found
  }

  /** The period of what is there, in ms; NaN where it shows none. */
  #look(place: number): number {
    const base = place * BINS
    const means = this.#means.data
    for (let i = 0; i < BINS; i++) this.#values[i] = means[base + i]! - ZERO
    return this.#periods.of(this.#values) * this.#bin_ms.data[place]!
  }

  /** Two bins become one. */
  #join(place: number): void {
    const base = place * BINS
    const means = this.#means.data
    for (let i = 0; i < BINS / 2; i++) means[base + i] = (means[base + 2 * i]! + means[base + 2 * i + 1]!) >> 1
    this.#used.data[place] = BINS / 2
    this.#bin_ms.data[place]! *= 2
  }
}
