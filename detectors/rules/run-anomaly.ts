import type { AlertEvent } from '#core/alert.ts'
import { ServiceError } from '#core/errors.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import { METRIC_NAME } from '#core/series.ts'
import { inSlices, type Steps } from '#core/steps.ts'

import type { Scoring } from '../scoring/spec.ts'
import type { AnomalyRule } from './rule.ts'
import { NOTHING, type Results, type Runner, type Taken } from './runner.ts'

/** Values that are judged in one step. */
const STEP = 4096

/** Gives each result series to scoring, step by step; scoring ignores what it has judged before. */
export class AnomalyRunner implements Runner {
  readonly repeatable = true
  readonly active = false
  readonly #rule: AnomalyRule
  readonly #scoring: Scoring
  readonly #unit: string

  constructor(rule: AnomalyRule, info: ExpressionInfo, scoring: Scoring) {
    this.#rule = rule
    this.#scoring = scoring
    this.#unit = info.unit
  }

  take(results: Results): Taken | Promise<Taken> {
    return inSlices(this.#taking(results))
  }

  *#taking({ series, from_ms, to_ms, interval_ms }: Results): Steps<Taken> {
    const rows = series.flatMap((one) => {
      const row = this.#row(one.labels)
      return row === undefined ? [] : [{ row, at: 0, ...one }]
    })
    // Step by step over the series, so that findings come in order of time whatever the length of the range.
    let done = 0
    for (let time = from_ms; time <= to_ms; time += interval_ms) {
      for (const row of rows) {
        if (++done % STEP === 0) yield
        const { time_ms, value } = row
        while (row.at < time_ms.length && time_ms[row.at]! < time) row.at++
        if (row.at < time_ms.length && time_ms[row.at] === time) this.#scoring.score(row.row, time, value[row.at]!)
      }
    }
    return NOTHING
  }

  end(): AlertEvent[] {
    return []
  }

  save(): unknown {
    return null
  }

  load(): void {}

  #row(labels: Parameters<Scoring['row']>[1]): number | undefined {
    try {
      return this.#scoring.row(this.#rule.key, labels.drop(METRIC_NAME), { metric: labels.name, unit: this.#unit })
    } catch (error) {
      // The limit of scored series: counted by scoring, the others go on.
      if (error instanceof ServiceError && error.code === 'overloaded') return undefined
      throw error
    }
  }
}
