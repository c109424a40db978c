import { z } from 'zod'

import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { Meter, Reading } from '#core/ports/meter.ts'
import type { Verdict } from '#core/score.ts'

const WEEK_MS = 7 * 86_400_000
/** So many alarms may come at once before anything is done; what was not spent adds up to two weeks' worth where that is more. */
const BURST = 4
/** Each alarm beyond raises thresholds by this factor, until time has made up for it. */
const STEP = Math.log(1.15)
/**
 * And all together by no more than this, times the cube root of the series that share the budget: the farthest of n lies so much further out where tails are as heavy
 * as those of latency often are (a Pareto of 3). What is three times as far out as that is told whatever the budget says.
 */
const MOST = 3
/** Alarms of a scope that come together are one event to it: an outage shall not silence what comes after. */
const TOGETHER_MS = 15 * 60_000
/** The achieved rate is over about so long. */
const MEMORY_MS = 4 * WEEK_MS

const accountSchema = z.object({
  allowed: z.number(),
  /** Alarms that may still come; below 0 thresholds are raised. */
  left: z.number(),
  first_ms: z.number(),
  last_ms: z.number(),
  /** When the last event began to be counted. */
  event_ms: z.number(),
  /** Alarms, forgotten in `MEMORY_MS`. */
  count: z.number(),
})
type Account = z.output<typeof accountSchema>
const stateSchema = z.object({ version: z.literal(1), accounts: z.array(z.tuple([z.string(), accountSchema])) })

/** Alarms a week allowed beside those of rules; `total`: over all rules and services. */
export interface WiderBudgets {
  readonly total?: number | undefined
  readonly services?: Readonly<Record<string, number>> | undefined
}

/** The rule a verdict is of, and whom it concerns. */
export interface Spender {
  readonly rule: string
  readonly allowed: number
  /** That share the budget of the rule. */
  readonly series: number
  readonly service: () => string
}

/**
 * Keeps the rate of alarms of a rule, of a service and of everything at what their budgets allow: a feedback on the
 * thresholds by what came of them (adaptive conformal inference, Gibbs and Candès, NeurIPS 2021, with the proportional part
 * alone, and saturated: conformal PID control, Angelopoulos et al., NeurIPS 2023). Works on what detectors say, which share out the
 * budget of a rule among its series beforehand, and so needs nothing of their kinds. Event time moves it.
 */
export class Budgets implements Snapshot {
  readonly name = 'budgets'
  readonly #wider: WiderBudgets
  /** What each rule allows, by its key; undefined before anybody said. */
  #rules: ReadonlyMap<string, number> | undefined
  readonly #accounts = new Map<string, Account>()
  /** Whether any is overspent: most of the time none is, and nothing is looked up for a verdict. */
  #overspent = false

  constructor(meter: Meter, wider: WiderBudgets = {}) {
    this.#wider = wider
    meter.gauge(
      'barograph.detectors.alarm_rate',
      { description: 'Alarms of about four weeks over what the budget of a rule, a service or everything allows.' },
      () => this.rates(),
    )
  }

  /** Scores less and widens the band where budgets are overspent. */
  apply(verdict: Verdict, time_ms: number, spender: Spender): void {
    if (!this.#overspent) return
    let steps = 0
    for (const [key, allowed] of this.#scopes(spender)) {
      const account = this.#accounts.get(key)
      if (account === undefined || account.left >= 0) continue
      steps = Math.max(steps, -this.#leftAt(account, allowed, time_ms))
    }
    if (steps <= 0) return
    const factor = Math.exp(Math.min(steps, mostSteps(spender)) * STEP)
    verdict.score /= factor
    // A band that ends at 0 is of what is never negative.
    if (verdict.lower !== 0) verdict.lower = verdict.expected - factor * (verdict.expected - verdict.lower)
    verdict.upper = verdict.expected + factor * (verdict.upper - verdict.expected)
  }

  alarm(time_ms: number, spender: Spender): void {
    for (const [key, allowed] of this.#scopes(spender)) {
      const known = this.#accounts.get(key) ?? begun(allowed, time_ms)
      const now_ms = Math.max(time_ms, known.last_ms)
      const isNew = Math.abs(time_ms - known.event_ms) >= TOGETHER_MS
      const left = this.#leftAt(known, allowed, now_ms) - (isNew ? 1 : 0)
      this.#accounts.set(key, {
        allowed,
        left: Math.max(left, -mostSteps(spender)),
        first_ms: known.first_ms,
        last_ms: now_ms,
        event_ms: isNew ? time_ms : known.event_ms,
        count: known.count * Math.exp((known.last_ms - now_ms) / MEMORY_MS) + 1,
      })
    }
    this.#look()
  }

  /** Achieved over allowed by scope: of rules that alarmed, and of every service and everything that has a budget. */
  rates(): Reading[] {
    const { total, services = {} } = this.#wider
    const wider = [...Object.keys(services).map((name) => `service ${name}`), ...(total === undefined ? [] : ['total'])]
    const quiet = wider.filter((key) => !this.#accounts.has(key)).map((key) => reading(key, 0))
    return [...quiet, ...this.#spent()]
  }

  #spent(): Reading[] {
    return [...this.#accounts].map(([key, { allowed, count, first_ms, last_ms }]) => {
      const over_ms = Math.max(WEEK_MS, MEMORY_MS * (1 - Math.exp((first_ms - last_ms) / MEMORY_MS)))
      return reading(key, (count * WEEK_MS) / over_ms / (this.#allowed(key) ?? allowed))
    })
  }

  /** Accounts of rules that are gone are closed. `rules`: what each allows a week, by its key. */
  keep(rules: ReadonlyMap<string, number>): void {
    this.#rules = rules
    for (const key of this.#accounts.keys()) if (this.#isOver(key)) this.#accounts.delete(key)
    this.#look()
  }

  /** JSON, format 1. */
  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ version: 1, accounts: [...this.#accounts] }))
  }

  load(bytes: Uint8Array): void {
    const parsed = stateSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    if (!parsed.success) throw new ServiceError('bad_data', 'what was spent of budgets cannot be read')
    this.#accounts.clear()
    for (const [key, account] of parsed.data.accounts) if (!this.#isOver(key)) this.#accounts.set(key, account)
    this.#look()
  }

  /** Whether nobody asks for the account of a scope any more. */
  #isOver(key: string): boolean {
    const isUnknown = key.startsWith('rule ') && this.#rules === undefined
    return !isUnknown && this.#allowed(key) === undefined
  }

  /** What a scope is allowed a week now. */
  #allowed(key: string): number | undefined {
    const { total, services = {} } = this.#wider
    if (key === 'total') return total
    const name = key.slice(key.indexOf(' ') + 1)
    if (key.startsWith('rule ')) return this.#rules?.get(name)
    return Object.hasOwn(services, name) ? services[name] : undefined
  }

  #look(): void {
    this.#overspent = [...this.#accounts.values()].some(({ left }) => left < 0)
  }

  /** The accounts that a verdict concerns, with what each allows a week. */
  #scopes({ rule, allowed, service }: Spender): (readonly [string, number])[] {
    const { total, services } = this.#wider
    const scopes: (readonly [string, number])[] = [[`rule ${rule}`, allowed]]
    if (services !== undefined) {
      const whose = service()
      const own = Object.hasOwn(services, whose) ? services[whose] : undefined
      if (own !== undefined) scopes.push([`service ${whose}`, own])
    }
    if (total !== undefined) scopes.push(['total', total])
    return scopes
  }

  #leftAt({ left, last_ms }: Account, allowed: number, time_ms: number): number {
    const earned = (allowed * Math.max(0, time_ms - last_ms)) / WEEK_MS
    return Math.min(left + earned, Math.max(BURST, 2 * allowed))
  }
}

/** By so many steps thresholds may be raised. */
function mostSteps({ series }: Spender): number {
  return Math.log(MOST * Math.cbrt(Math.max(1, series))) / STEP
}

function reading(key: string, value: number): Reading {
  const [scope = '', ...name] = key.split(' ')
  return { value, attributes: { scope, name: name.join(' ') } }
}

const begun = (allowed: number, time_ms: number): Account => ({
  allowed,
  left: BURST,
  first_ms: time_ms,
  last_ms: time_ms,
  event_ms: -8.64e15,
  count: 0,
})
