import { Flow, type FlowState } from '#core/flow.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { Pulse } from '#core/ports/series-writer.ts'

import { IDLE } from './finding-log.ts'
import type { RowTable } from './row-table.ts'

const HOUR_MS = 3_600_000
/** Where the limit presses, a row has fallen silent that is marked stale for so long, or had no sample for so long and for so many of its intervals. */
const MARKED_MS = 2 * 60_000
const UNHEARD_MS = 5 * 60_000
const INTERVALS = 4
/** How often rows are looked through for those whose time is over. */
const SWEEP_MS = 10 * 60_000
/** One more than a week: what comes once a week finds what was learned of it. */
export const FORGET_MS = 8 * 24 * HOUR_MS
/** So many that have been silent for longer than they lived are kept for all that, a share of the limit. */
const SPARED = 1 / 20
/** So many a tick, that nothing waits for them; and where there is no room so many at once, that rows are not looked through for each. */
const AT_ONCE = 2048
const ROOM = 1 / 64
/** Where a look found too little, the next one waits for so long. */
const LOOK_MS = 60_000
/** Claims in eighths of an octave, from a thousandth to a thousandfold; half of them are of what lived longer than it is silent. */
const CLAIMS = 160
const EVEN = CLAIMS / 2
const OCTAVE = 8
/** In place of a claim: the row stays. */
const STAYS = 255

/** JSON knows no infinity. */
const NEVER_MS = -8.64e15

type Reason = 'age' | 'spent' | 'full'

interface ForgettingOptions {
  readonly table: RowTable
  /** `limits.scored_series`. */
  readonly limit: number
  readonly forget_ms: number
  /** Whether a row waits for its turn, or could still be told what became of its findings. */
  readonly isNeeded: (row: number) => boolean
  /** How samples of the row's series came; undefined where it is not known. */
  readonly pulse: (row: number) => Pulse | undefined
  readonly remove: (row: number) => void
  readonly log: Log
  readonly meter: Meter
}

/** Times at which rows were looked through last, by analysis time. */
export interface ForgettingState {
  readonly swept_ms: number
  readonly looked_ms: number
  /** Not there: begins with what comes. */
  readonly flow?: FlowState | undefined
}

/**
 * Which rows go that get no samples any more. A row is remembered for as long as it lived, at least for an hour and at most for
 * `forget_ms`; some that lived shorter stay as well, those first that are silent for the smallest multiple of their lives.
 * Where there is no room for a new series, those give way that have been silent longest for how long they lived: for an hour, or since they
 * were marked stale, or for some of their intervals while others went on. Rows with trouble that is not over, and those that may still be
 * told what became of it, stay.
 * What goes follows from the rows and from time alone.
 */
export class Forgetting {
  readonly #options: ForgettingOptions
  readonly #forgotten
  readonly #claims = new Uint32Array(CLAIMS)
  /** Of each row, while some are chosen. */
  #claimed = new Uint8Array(64)
  /** When rows were looked through for room last: one look is good for all newcomers of that time. */
  #counted_ms = Number.NaN
  readonly #flow = new Flow()
  #swept_ms = -Infinity
  #looked_ms = -Infinity
  #told = false

  constructor(options: ForgettingOptions) {
    this.#options = options
    this.#forgotten = options.meter.counter('barograph.detectors.rows_forgotten', {
      description:
        'Series without samples that rules follow no more: silent for days (age), for longer than they lived (spent), and where limits.scored_series left no room for new ones (full).',
    })
  }

  get state(): ForgettingState {
    const { state: flow } = this.#flow
    return { swept_ms: Math.max(this.#swept_ms, NEVER_MS), looked_ms: Math.max(this.#looked_ms, NEVER_MS), flow }
  }

  restore({ swept_ms, looked_ms, flow }: ForgettingState): void {
    this.#swept_ms = swept_ms
    this.#looked_ms = looked_ms
    this.#flow.restore(flow)
  }

  /** Samples came. */
  heard(time_ms: number): void {
    this.#flow.heard(time_ms)
  }

  /** Sources are behind: who is silent may only wait for his turn. */
  interrupt(): void {
    this.#flow.interrupt()
  }

  /** Time was set back. */
  setBack(time_ms: number): void {
    this.#swept_ms = Math.min(this.#swept_ms, time_ms)
    this.#looked_ms = Math.min(this.#looked_ms, time_ms)
    this.#flow.interrupt()
  }

  /** The rules are other ones: what gives way from here on is told of again. */
  renew(): void {
    this.#told = false
  }

  /** Whether it is time for `sweep`. */
  isDue(time_ms: number): boolean {
    return time_ms - this.#swept_ms >= SWEEP_MS
  }

  /** Takes rows whose time is over, so many at once; `aged_ms`: the time that is certain to have come. How many went. */
  sweep(time_ms: number, aged_ms: number): number {
    const { limit } = this.#options
    const aged = this.#aged(time_ms, aged_ms)
    const spent = this.#count(aged_ms, EVEN) - Math.floor(limit * SPARED)
    const gone = this.#giveWay(aged_ms, Math.min(spent, AT_ONCE - aged), EVEN)
    this.#tally(aged, 'age')
    this.#tally(gone, 'spent')
    if (aged + gone < AT_ONCE) this.#swept_ms = time_ms
    return aged + gone
  }

  /** Whether rows are to be looked through for room; not for each series where there was too little of late. */
  mayLook(time_ms: number): boolean {
    return time_ms - this.#looked_ms >= LOOK_MS
  }

  /** Makes room for new rows where the table is full; whether there is some. */
  makeRoom(time_ms: number, aged_ms: number): boolean {
    const { table, limit, log } = this.#options
    if (table.live < limit) return true
    const wanted = Math.max(1, Math.min(AT_ONCE, Math.ceil(limit * ROOM)))
    let gone = this.#counted_ms === aged_ms ? this.#giveWay(aged_ms, wanted, 0) : 0
    if (gone < wanted) gone += this.#giveWay(aged_ms, Math.min(wanted - gone, this.#count(aged_ms, 0)), 0)
    this.#tally(gone, 'full')
    if (gone < wanted) this.#looked_ms = time_ms
    if (gone > 0 && !this.#told) {
      this.#told = true
      log.warn('anomaly rules follow as many series as they may; those that are silent give way to new ones', {
        limit: 'limits.scored_series',
        value: limit,
      })
    }
    return table.live < limit
  }

  /**
   * Whether samples of a row would have come, were there still any. Within the hour how they came tells, or `otherwise` where nobody knows, and a
   * pause of all is over before it counts.
   */
  isSilent(row: number, aged_ms: number, otherwise?: Pulse): boolean {
    const touched_ms = this.#options.table.touched_ms(row)
    if (aged_ms - touched_ms >= HOUR_MS) return true
    const silent_ms = aged_ms - Math.max(touched_ms, this.#flow.since_ms)
    if (!(silent_ms >= MARKED_MS)) return false
    const pulse = this.#options.pulse(row) ?? otherwise
    if (pulse === undefined) return false
    return pulse.stale || silent_ms >= Math.max(UNHEARD_MS, INTERVALS * pulse.longest_ms)
  }

  #tally(count: number, reason: Reason): void {
    if (count > 0) this.#forgotten.add(count, { reason })
  }

  /** Rows that are silent for too long whatever they are. */
  #aged(time_ms: number, aged_ms: number): number {
    const { table, forget_ms, remove } = this.#options
    let count = 0
    for (let row = 0; row < table.end && count < AT_ONCE; row++) {
      if (table.rule.data[row] === 0) continue
      const touched_ms = table.touched_ms(row)
      if (touched_ms === -Infinity) table.touch(row, time_ms)
      else if (aged_ms - touched_ms >= forget_ms) {
        remove(row)
        count++
      }
    }
    return count
  }

  /** How many rows may go whose claim is `from` or more; by claim in `#claims`, by row in `#claimed`. */
  #count(aged_ms: number, from: number): number {
    const { table } = this.#options
    if (this.#claimed.length < table.end) this.#claimed = new Uint8Array(table.end * 2)
    // Rows that come after this look claim nothing in it.
    this.#claimed.fill(STAYS)
    this.#claims.fill(0)
    this.#counted_ms = from === 0 ? aged_ms : Number.NaN
    let count = 0
    for (let row = 0; row < table.end; row++) {
      const claim = this.#claim(row, aged_ms, from)
      this.#claimed[row] = claim
      if (claim === STAYS) continue
      this.#claims[claim]!++
      count++
    }
    return count
  }

  /** Takes `wanted` of the rows that `#count` found, those that are silent longest for their lives first. */
  #giveWay(aged_ms: number, wanted: number, from: number): number {
    const { table, remove } = this.#options
    if (wanted <= 0) return 0
    let least = CLAIMS - 1
    let above = 0
    while (least > from && above + this.#claims[least]! < wanted) above += this.#claims[least--]!
    let atLeast = wanted - above
    let gone = 0
    const end = Math.min(table.end, this.#claimed.length)
    for (let row = 0; row < end && gone < wanted; row++) {
      const claim = this.#claimed[row]!
      if (claim < least || claim === STAYS || (claim === least && atLeast <= 0)) continue
      this.#claimed[row] = STAYS
      this.#claims[claim]!--
      // It had a sample since they were counted.
      if (!(aged_ms - table.touched_ms(row) >= MARKED_MS)) continue
      if (claim === least) atLeast--
      remove(row)
      gone++
    }
    return gone
  }

  /** How long a row is silent against how long it lived: the larger, the sooner it goes. `STAYS` where it stays, or claims less than `from`. */
  #claim(row: number, aged_ms: number, from: number): number {
    const { table, forget_ms, isNeeded } = this.#options
    if (table.rule.data[row] === 0 || table.running.data[row] !== IDLE) return STAYS
    const silent_ms = aged_ms - table.touched_ms(row)
    if (silent_ms === Infinity || !(silent_ms >= (from >= EVEN ? HOUR_MS : MARKED_MS))) return STAYS
    if (isNeeded(row) || !this.isSilent(row, aged_ms)) return STAYS
    const ratio = silent_ms / Math.max(HOUR_MS, Math.min(forget_ms, table.lived_ms(row)))
    const claim = Math.max(0, Math.min(CLAIMS - 1, EVEN + Math.floor(OCTAVE * Math.log2(ratio))))
    return claim < from ? STAYS : claim
  }
}
