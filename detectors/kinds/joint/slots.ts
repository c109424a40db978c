import type { Rows } from '../rows.ts'
import type { Place } from './place.ts'

/** Of 16 bits three say how many periods a slot knows, 0 none; thirteen its value in units of the page, ± 4095. */
const PERIODS = 7
const MOST = 4095
const ZERO = 4096
/** A unit is at first this share of how far values scatter. */
const UNIT_SHARE = 1 / 32

/**
 * Means of the slots of a day or week in 16 bits each: multiples of a unit above or below a base, both of the page. What
 * lies further out doubles the unit, as often as it takes.
 */
export class Slots {
  readonly #width: number
  readonly #base
  readonly #unit
  readonly #codes

  constructor(pages: Rows, width: number) {
    this.#width = width
    this.#base = pages.column(Float64Array)
    this.#unit = pages.column(Float32Array)
    this.#codes = pages.column(Uint16Array, width)
  }

  begin(page: number, base: number, scale: number): void {
    this.#base.data[page] = base
    this.#unit.data[page] = scale * UNIT_SHARE
  }

  /** NaN where nothing is known. */
  get(page: number, slot: number): number {
    const code = this.#codes.data[page * this.#width + slot]!
    if (code === 0) return NaN
    return this.#base.data[page]! + this.#unit.data[page]! * ((code >> 3) - ZERO)
  }

  /** Sets the `shape` of a place; false where one of its two slots is not known. */
  look(page: number, place: Place): boolean {
    const codes = this.#codes.data
    const base = page * this.#width
    const from = codes[base + place.from]!
    const to = codes[base + place.to]!
    if (from === 0 || to === 0) return false
    const middle = this.#base.data[page]!
    const unit = this.#unit.data[page]!
    const first = middle + unit * ((from >> 3) - ZERO)
    place.rise = middle + unit * ((to >> 3) - ZERO) - first
    place.shape = first + place.share * place.rise
    return true
  }

  /** Periods that were set, 7 at most. */
  periods(page: number, slot: number): number {
    return this.#codes.data[page * this.#width + slot]! & PERIODS
  }

  set(page: number, slot: number, value: number, periods: number): void {
    const far = value - this.#base.data[page]!
    let steps = Math.round(far / this.#unit.data[page]!)
    if (!(Math.abs(steps) <= MOST)) {
      this.#widen(page, Math.abs(far))
      steps = Math.round(far / this.#unit.data[page]!)
    }
    this.#codes.data[page * this.#width + slot] = ((steps + ZERO) << 3) | Math.min(periods, PERIODS)
  }

  #widen(page: number, far: number): void {
    const before = this.#unit.data[page]!
    let unit = before
    while (far > unit * MOST) unit *= 2
    this.#unit.data[page] = unit
    const codes = this.#codes.data
    for (let at = page * this.#width; at < (page + 1) * this.#width; at++) {
      const code = codes[at]!
      if (code === 0) continue
      const steps = Math.round((((code >> 3) - ZERO) * before) / unit)
      codes[at] = ((steps + ZERO) << 3) | (code & PERIODS)
    }
  }
}
