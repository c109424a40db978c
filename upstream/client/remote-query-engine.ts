import type {
  ExpressionInfo,
  QueryEngine,
  QueryOptions,
  QueryResult,
  RangeOptions,
  ResultSeries,
} from '#core/ports/query-engine.ts'
import type { Matcher } from '#core/ports/series-reader.ts'

import type { QueryAnswer } from './answer.ts'
import type { UpstreamClient } from './client.ts'

/** Expressions whose results have an order of their own. */
const SORTS = /\b(?:sort\w*|topk|bottomk)\b/

/** What can be said of an expression without data. */
export type Language = Pick<QueryEngine, 'inspect' | 'format' | 'matchers'>

/** The port `QueryEngine`, answered by an upstream; what an expression is, is known here. Native histograms have no value here and are left out. */
export class RemoteQueryEngine implements QueryEngine {
  readonly #client: UpstreamClient
  readonly #language: Language

  constructor(client: UpstreamClient, language: Language) {
    this.#client = client
    this.#language = language
  }

  async instant(expr: string, time_ms: number, options?: QueryOptions): Promise<QueryResult> {
    this.#language.inspect(expr)
    return resultOf(expr, await this.#client.instant(expr, time_ms, options))
  }

  async range(expr: string, options: RangeOptions): Promise<QueryResult> {
    this.#language.inspect(expr)
    return resultOf(expr, await this.#client.range(expr, options))
  }

  inspect(expr: string): ExpressionInfo {
    return this.#language.inspect(expr)
  }

  format(expr: string): string {
    return this.#language.format(expr)
  }

  matchers(selector: string): readonly Matcher[] {
    return this.#language.matchers(selector)
  }
}

function resultOf(expr: string, answer: QueryAnswer): QueryResult {
  if (answer.type === 'scalar' || answer.type === 'string') return answer
  const series = answer.series
    .filter(({ time_ms }) => time_ms.length > 0)
    .map(({ labels, time_ms, value }) => ({ labels, time_ms, value }))
  return { ...answer, series: SORTS.test(expr) ? series : series.toSorted(byLabels) }
}

/** The canonical text orders as the labels do. */
function byLabels(a: ResultSeries, b: ResultSeries): number {
  return a.labels.key < b.labels.key ? -1 : 1
}
