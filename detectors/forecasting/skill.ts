import { pinball } from './errors.ts'

/** Judged targets after which an old one counts a tenth. */
const MEMORY = 1000
/** Fewer judged targets than this say nothing. */
const ENOUGH = 30

export interface SkillState {
  readonly judged: number
  readonly loss: number
  readonly yardstick: number
  readonly covered: readonly (readonly [number, number])[]
}

/** How forecasts did once their targets had passed, old ones fading: pinball loss against that of the day before, and coverage. */
export class LiveSkill {
  #judged = 0
  #loss = 0
  #yardstick = 0
  readonly #covered = new Map<number, number>()

  /** `forecast[i]` is the frozen quantile `quantiles[i]`; `naive`: the value a day before, NaN where there was none. */
  judge(actual: number, quantiles: readonly number[], forecast: readonly number[], naive: number): void {
    const fade = 1 - 2.3 / MEMORY
    this.#judged = this.#judged * fade + 1
    this.#loss *= fade
    this.#yardstick *= fade
    for (const [i, q] of quantiles.entries()) {
      const hit = actual <= forecast[i]! ? 1 : 0
      this.#covered.set(q, (this.#covered.get(q) ?? 0) * fade + hit)
      if (!Number.isFinite(naive)) continue
      this.#loss += pinball(actual, forecast[i]!, q)
      this.#yardstick += pinball(actual, naive, q)
    }
  }

  /** False once live forecasts were worse than the day before. */
  get trusted(): boolean {
    return this.#judged < ENOUGH || this.#yardstick === 0 || this.#loss <= this.#yardstick
  }

  /** NaN while too little was judged. */
  get skill(): number {
    return this.#judged < ENOUGH || this.#yardstick === 0 ? Number.NaN : 1 - this.#loss / this.#yardstick
  }

  get coverage(): ReadonlyMap<number, number> {
    if (this.#judged < ENOUGH) return new Map()
    return new Map([...this.#covered].map(([q, hits]) => [q, hits / this.#judged]))
  }

  save(): SkillState {
    return { judged: this.#judged, loss: this.#loss, yardstick: this.#yardstick, covered: [...this.#covered] }
  }

  static load({ judged, loss, yardstick, covered }: SkillState): LiveSkill {
    const skill = new LiveSkill()
    skill.#judged = judged
    skill.#loss = loss
    skill.#yardstick = yardstick
    for (const [q, hits] of covered) skill.#covered.set(q, hits)
    return skill
  }
}
