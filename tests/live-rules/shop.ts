// What both servers are told, sample by sample: series that flap, stay away, end, begin anew and are no number.
import { type Random, seeded } from '#core/random.ts'

/** A value; 'stale' ends the series, 'none' is a sample that never came. */
type Point = number | 'stale' | 'none'

export interface Told {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly stale: boolean
}

const INSTANCES = ['a', 'b', 'c', 'd', 'e', 'f']
/** Upper bounds of the histogram. */
const BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, Infinity]

/** One instance, in runs: of being up or down, busy or idle, there or away. */
class Unit {
  readonly #random: Random
  readonly #counts = new Map<string, number>()
  readonly #busy: number
  #left = 0
  #is: 'up' | 'down' | 'away' = 'up'
  /** What the run began with, taken once. */
  #ends = false
  #level = 40
  #version = 1
  #beat_s = 0
  readonly #name: string

  constructor(name: string, place: number, seed: number) {
    this.#name = name
    this.#busy = place
    this.#random = seeded(seed * 31 + place)
  }

  *at(time_ms: number): Generator<Told> {
    if (this.#left-- <= 0) this.#turn()
    const up = this.#is === 'up'
    const instance = { job: this.#busy % 2 === 0 ? 'shop' : 'stock', instance: this.#name }
    const say = (name: string, value: number, more: Readonly<Record<string, string>> = {}): Told | undefined =>
      this.#told({ __name__: name, ...instance, ...more }, value)
    const told = [
      say('live_up', up ? 1 : 0),
      say('live_load', this.#load()),
      say('live_info', 1, { version: `1.${this.#version}` }),
      say('live_heartbeat_seconds', this.#beat(time_ms, up)),
      say('live_disk_free_bytes', 1e9 * (1 + Math.cos(time_ms / 180_000 + this.#busy))),
      ...['200', '500'].map((code) =>
        say('live_requests_total', this.#count(code, up ? this.#arrivals(code) : 0), { code }),
      ),
      ...this.#latency().map(([le, count]) => say('live_latency_seconds_bucket', count, { le })),
    ]
    for (const one of told) if (one !== undefined) yield one
    this.#ends = false
  }

  /** Another run begins. */
  #turn(): void {
    const before = this.#is
    const chance = this.#random()
    this.#is = chance < 0.55 ? 'up' : chance < 0.85 ? 'down' : 'away'
    this.#left = this.#random() < 0.3 ? Math.floor(this.#random() * 5) : Math.floor(this.#random() * 40)
    this.#level = this.#random() * 105
    this.#ends = this.#is === 'away' && before !== 'away' && this.#random() < 0.6
    if (before === 'down' && this.#random() < 0.7) this.#counts.clear()
    if (this.#random() < 0.2) this.#version++
  }

  #told(labels: Readonly<Record<string, string>>, value: number): Told | undefined {
    const point: Point = this.#is !== 'away' ? value : this.#ends ? 'stale' : 'none'
    return point === 'none' ? undefined : { labels, value: point === 'stale' ? 0 : point, stale: point === 'stale' }
  }

  #load(): number {
    const chance = this.#random()
    if (chance < 0.03) return Number.NaN
    return chance < 0.04 ? Infinity : this.#level + 8 * (this.#random() - 0.5)
  }

  #beat(time_ms: number, up: boolean): number {
    if (up || this.#beat_s === 0) this.#beat_s = time_ms / 1000
    return this.#beat_s
  }

  #arrivals(code: string): number {
    return Math.floor(this.#random() * (code === '200' ? 100 : this.#level / 4))
  }

  #count(name: string, more: number): number {
    const count = (this.#counts.get(name) ?? 0) + more
    this.#counts.set(name, count)
    return count
  }

  #latency(): [le: string, count: number][] {
    let sum = 0
    return BOUNDS.map((bound, i) => {
      sum += this.#count(`le ${bound}`, Math.floor((this.#random() * this.#level) / (1 + Math.abs(i - 3))))
      return [bound === Infinity ? '+Inf' : String(bound), sum]
    })
  }
}

/** A few instances; the same seed tells the same story. */
export class Shop {
  readonly #units: readonly Unit[]

  constructor(seed: number) {
    this.#units = INSTANCES.map((name, i) => new Unit(name, i, seed))
  }

  /** The samples of one instant. Instants must be asked in order. */
  at(time_ms: number): Told[] {
    return this.#units.flatMap((unit) => [...unit.at(time_ms)])
  }
}
