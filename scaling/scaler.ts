import type { Clock } from '#core/clock.ts'
import type { Snapshot } from '#core/component.ts'
import { DerivedSamples } from '#core/derived.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'
import type { ForecastReader } from '#core/ports/forecasts.ts'
import type { HintReader } from '#core/ports/hints.ts'
import type { Log } from '#core/ports/log.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { RuleReader } from '#core/ports/rules.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import { plan } from './plan.ts'
import { leadOf, type Policy, quantileOf } from './policy.ts'
import { only, presentDemand } from './present.ts'

const SNAPSHOT_VERSION = 1
const DECIDE_EVERY_MS = 15_000
const HISTORY = 1000
/** A forecast on demand is made anew after so long. */
const FORECAST_EVERY_MS = 60_000
/** A forecast costs a tenth of a second, and everything else waits: more of them take turns. One lasts for a lead. */
const FORECASTS_A_DECISION = 8
const KINDS = ['wanted', 'needed_now', 'min', 'max'] as const
const REPLICAS = { type: 'gauge', unit: '{replica}', help: 'Replicas by scaling policy' } as const

export interface ScalerOptions {
  readonly query: QueryEngine
  readonly reader: Pick<SeriesReader, 'extent'>
  readonly forecasts: ForecastReader
  readonly rules: RuleReader
  readonly writer: SeriesWriter
  readonly clock: Clock
  readonly log: Log
  readonly onHint: (hint: Hint) => void
}

/** Hints for every policy, made on analysis time and answered from memory. */
export class Scaler implements HintReader, Snapshot {
  readonly name = 'scaling'
  readonly #options: ScalerOptions
  #policies: readonly Policy[] = []
  /** Newest first. */
  readonly #hints = new Map<string, Hint[]>()
  /** Why a policy has no demand. */
  readonly #reasons = new Map<string, string>()
  /** Why a policy has no forecast. */
  readonly #unforeseen = new Map<string, string>()
  /** Of policies over bare PromQL. */
  readonly #onDemand = new Map<string, { readonly made_ms: number; readonly forecast: Forecast | undefined }>()
  #decided_ms = -Infinity

  constructor(options: ScalerOptions) {
    this.#options = options
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#policies = policies
    const names = new Set(policies.map(({ name }) => name))
    for (const kept of [this.#hints, this.#reasons, this.#unforeseen]) {
      for (const name of kept.keys()) if (!names.has(name)) kept.delete(name)
    }
    // Their demand may be another now.
    this.#onDemand.clear()
  }

  /** Decides anew when a decision is due at analysis time `time_ms`. */
  async tick(time_ms: number): Promise<void> {
    const step_ms = Math.floor(time_ms / DECIDE_EVERY_MS) * DECIDE_EVERY_MS
    if (step_ms <= this.#decided_ms) return
    const before_ms = this.#decided_ms
    this.#decided_ms = step_ms
    await this.#foresee(step_ms)
    for (const policy of this.#policies) {
      const hint = await this.#decide(policy, step_ms)
      if (hint !== undefined) this.#keep(hint)
      else this.#end(policy, before_ms, step_ms)
    }
  }

  /** The clock was wrong: decisions go on from here, and what was decided beyond was for a time that did not come. */
  setBack(time_ms: number): void {
    this.#decided_ms = Math.min(this.#decided_ms, time_ms)
    this.#onDemand.clear()
    for (const [policy, hints] of this.#hints) {
      this.#hints.set(
        policy,
        hints.filter(({ as_of_ms }) => as_of_ms <= time_ms),
      )
    }
  }

  policies(): readonly string[] {
    return this.#policies.map(({ name }) => name)
  }

  hint(policy: string): Hint {
    if (!this.#policies.some(({ name }) => name === policy)) {
      throw new ServiceError('not_found', `no scaling policy ${JSON.stringify(policy)}`)
    }
    const hint = this.#hints.get(policy)?.[0]
    if (hint === undefined) {
      throw new ServiceError(
        'unavailable',
        `policy ${policy} has no hint yet: ${this.#reasons.get(policy) ?? 'nothing was decided so far'}`,
      )
    }
    if (this.#options.clock.now_ms() > hint.expires_ms) {
      throw new ServiceError(
        'unavailable',
        `the hint of policy ${policy} is stale: ${this.#reasons.get(policy) ?? 'no new demand'}`,
      )
    }
    return hint
  }

  history(policy: string, limit: number): readonly Hint[] {
    return (this.#hints.get(policy) ?? []).slice(0, limit)
  }

  async #decide(policy: Policy, time_ms: number): Promise<Hint | undefined> {
    try {
      const present = await presentDemand(this.#expression(policy.demand), time_ms, this.#options)
      this.#reasons.delete(policy.name)
      const forecast = this.#forecast(policy)
      return plan(policy, { as_of_ms: time_ms, ...present, forecast }, this.#hints.get(policy.name) ?? [])
    } catch (error) {
      this.#tell(this.#reasons, 'a scaling policy has no demand to decide on', policy, error)
      return undefined
    }
  }

  /** A forecast rule of that name first, else PromQL. */
  #expression(demand: string): string {
    for (const group of this.#options.rules.groups()) {
      for (const rule of group.rules) if (rule.kind === 'forecast' && rule.name === demand) return rule.expr
    }
    return demand
  }

  /** Makes the oldest forecasts on demand anew. */
  async #foresee(time_ms: number): Promise<void> {
    const madeOf = ({ name }: Policy): number => this.#onDemand.get(name)?.made_ms ?? -Infinity
    const due = this.#policies
      .filter((policy) => this.#options.forecasts.ofRule(policy.demand) === undefined)
      .filter((policy) => madeOf(policy) <= time_ms - FORECAST_EVERY_MS)
      .toSorted((a, b) => (madeOf(a) === madeOf(b) ? 0 : madeOf(a) - madeOf(b)))
    for (const policy of due.slice(0, FORECASTS_A_DECISION)) {
      this.#onDemand.set(policy.name, { made_ms: time_ms, forecast: await this.#made(policy) })
    }
  }

  /** Undefined where none could be made: the present demand is known all the same. */
  #forecast({ name, demand }: Policy): Forecast | undefined {
    const ofRule = this.#options.forecasts.ofRule(demand)
    return ofRule === undefined ? this.#onDemand.get(name)?.forecast : only(ofRule, demand)
  }

  async #made(policy: Policy): Promise<Forecast | undefined> {
    const horizon_ms = 3 * leadOf(policy)
    const quantiles = [...new Set([0.1, quantileOf(policy), 0.99])].toSorted((a, b) => a - b)
    try {
      const made = await this.#options.forecasts.make({ query: policy.demand, horizon_ms, step_ms: 60_000, quantiles })
      this.#unforeseen.delete(policy.name)
      return only(made, policy.demand)
    } catch (error) {
      this.#tell(this.#unforeseen, 'a scaling policy has no forecast: the present demand decides', policy, error)
      return undefined
    }
  }

  #keep(hint: Hint): void {
    const hints = this.#hints.get(hint.policy) ?? []
    hints.unshift(hint)
    hints.length = Math.min(hints.length, HISTORY)
    this.#hints.set(hint.policy, hints)
    this.#write(hint)
    this.#options.onHint(hint)
  }

  #write({ policy, as_of_ms, value, ...hint }: Hint): void {
    const derived = new DerivedSamples(this.#options.writer)
    for (const kind of KINDS)
      derived.add(REPLICAS, labelsOf(policy, kind), as_of_ms, kind === 'wanted' ? value : hint[kind])
    derived.flush()
  }

  /** Marks the series of a policy as over once its last hint is, between the decision before and this one. */
  #end({ name }: Policy, before_ms: number, time_ms: number): void {
    const last = this.#hints.get(name)?.[0]
    if (last === undefined || last.expires_ms >= time_ms || last.expires_ms < before_ms) return
    const derived = new DerivedSamples(this.#options.writer)
    for (const kind of KINDS) derived.add(REPLICAS, labelsOf(name, kind), time_ms, Number.NaN, true)
    derived.flush()
  }

  #tell(told: Map<string, string>, message: string, { name }: Policy, error: unknown): void {
    if (!(error instanceof ServiceError)) throw error
    const reason = messageOf(error)
    if (told.get(name) === reason) return
    told.set(name, reason)
    this.#options.log.info(message, { policy: name, reason })
  }

  save(): Uint8Array {
    return Buffer.from(
      JSON.stringify({
        version: SNAPSHOT_VERSION,
        decided_ms: Number.isFinite(this.#decided_ms) ? this.#decided_ms : null,
        hints: [...this.#hints.values()].flat(),
      }),
    )
  }

  load(bytes: Uint8Array): void {
    const state = JSON.parse(Buffer.from(bytes).toString()) as {
      version: number
      decided_ms: number | null
      hints: (Omit<Hint, 'quantile'> & { quantile: number | null })[]
    }
    if (state.version !== SNAPSHOT_VERSION)
      throw new ServiceError(
        'bad_data',
        `scaling state of version ${state.version}; this program reads ${SNAPSHOT_VERSION}`,
      )
    this.#decided_ms = state.decided_ms ?? -Infinity
    this.#hints.clear()
    for (const { quantile, ...rest } of state.hints) {
      const hint: Hint = { ...rest, quantile: quantile ?? Number.NaN }
      this.#hints.set(hint.policy, [...(this.#hints.get(hint.policy) ?? []), hint])
    }
  }
}

function labelsOf(policy: string, kind: string): Labels {
  return Labels.of({ [METRIC_NAME]: 'barograph_replicas', policy, kind })
}
