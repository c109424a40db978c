// Rules that are asked of a server, and an engine that takes what it says, as far as their marks go.
import { ManualClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Input } from '#core/ports/intake.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Answer, Question } from '#core/ports/questions.ts'

import { RuleAsking } from '../asking/asking.ts'
import { type RulesSettings, rulesObject } from '../asking/settings.ts'
import { UpstreamClient } from '../client/client.ts'
import { Peer } from '../peer.ts'
import { NOW } from './stand.fixture.ts'

/** On the grid of every interval in use. */
export const BEGIN = Math.floor(NOW / 60_000) * 60_000

export interface AskingOptions {
  readonly url: string
  readonly rules?: readonly string[]
  readonly interval_ms?: number
  readonly settings?: Partial<Record<keyof RulesSettings, unknown>>
  /** How far back all rules want their first steps. */
  readonly range_ms?: number
  /** Of one query, in real time. */
  readonly timeout_ms?: number
}

export class AskingStand {
  readonly clock = new ManualClock(BEGIN + 9500)
  readonly asking: RuleAsking
  readonly warnings: string[] = []
  /** Answers as they came, by rule. */
  readonly answers = new Map<string, Answer[]>()
  readonly marks = new Map<string, number>()
  /** Inputs that are refused before one is taken. */
  busy = 0
  rules: readonly string[]

  constructor({
    url,
    rules = [],
    interval_ms = 60_000,
    settings = {},
    range_ms = 0,
    timeout_ms = 2000,
  }: AskingOptions) {
    this.rules = rules
    const warn = (message: string): void => void this.warnings.push(message)
    const real = { now_ms: () => this.clock.now_ms(), after: afterReally, every: () => () => undefined }
    this.asking = new RuleAsking({
      name: 'prom',
      settings: rulesObject.parse({ rate: 1000, ...settings }),
      client: new UpstreamClient(
        new Peer({
          url: url === '' ? 'http://127.0.0.1:1' : url,
          headers: {},
          timeout_ms,
          version: 'test',
          clock: real,
          fetch,
        }),
      ),
      intake: { submit: async (input) => this.#take(input) },
      questions: () => this.rules.map((expr) => this.#question(expr, interval_ms)),
      ranges: () => new Map(this.rules.map((rule) => [rule, range_ms])),
      inspect: (expr): ExpressionInfo => ({
        type: expr === 'time()' ? 'scalar' : 'vector',
        selectors: [{ matchers: [{ name: '__name__', op: '=', value: expr }], reach_ms: 300_000 }],
        plain: null,
        unit: '',
      }),
      lateness_ms: 10_000,
      retention_ms: 15 * 86_400_000,
      clock: this.clock,
      log: { debug() {}, info() {}, warn, error: warn },
      queries: { add() {} },
      samples: { add() {} },
      passedOver: { add() {} },
    })
  }

  /** Moves the clock, each answer taken in before it goes on. */
  async pass(ms: number): Promise<void> {
    const end_ms = this.clock.now_ms() + ms
    while (this.clock.now_ms() < end_ms) {
      this.clock.advanceTo(Math.min(end_ms, this.clock.now_ms() + 500))
      await this.#settled()
    }
  }

  /** The steps that a rule was told of, with the sum of each. */
  steps(rule: string): [number, number][] {
    return (this.answers.get(rule) ?? []).flatMap(({ from_ms, to_ms, step_ms, series, error }) => {
      const steps: [number, number][] = []
      for (let at = from_ms; at <= to_ms; at += step_ms) {
        const values = series.flatMap(({ time_ms, value }) =>
          time_ms.includes(at) ? [value[time_ms.indexOf(at)]!] : [],
        )
        steps.push([(at - BEGIN) / step_ms, error === '' ? values.reduce((sum, one) => sum + one, 0) : Number.NaN])
      }
      return steps
    })
  }

  /** What waits for the clock gets it; what is answered in real time is waited for. */
  async #settled(): Promise<void> {
    const idle = { is: false }
    void this.asking.idle().then(() => (idle.is = true))
    await new Promise((resolve) => setImmediate(resolve))
    while (!idle.is) {
      this.clock.advanceTo(this.clock.now_ms() + 1)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  #question(rule: string, interval_ms: number): Question {
    const mark_ms = this.marks.get(rule) ?? -Infinity
    return { rule, datasource: 'prom', expr: rule, interval_ms, offset_ms: 0, mark_ms }
  }

  async #take(input: Input) {
    if (this.busy-- > 0) throw new ServiceError('overloaded', 'busy')
    if (input.kind !== 'answers') throw new Error('rules are answered')
    for (const answer of input.answers) {
      this.answers.set(answer.rule, [...(this.answers.get(answer.rule) ?? []), answer])
      this.marks.set(answer.rule, answer.to_ms)
    }
    return { rejected: 0, message: '' }
  }
}

function afterReally(delay_ms: number, run: () => void): () => void {
  const timer = setTimeout(run, delay_ms)
  return () => clearTimeout(timer)
}
