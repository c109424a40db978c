import type { ExpressionInfo, ResultHistogram, ResultSeries } from '#core/ports/query-engine.ts'
import type { Answer, Question } from '#core/ports/questions.ts'
import type { TimeRange } from '#core/ports/series-reader.ts'
import type { Labels } from '#core/series.ts'

import type { AnsweredSeries, QueryAnswer, ShownHistogram } from '../client/answer.ts'

/** Tells the results of one rule from those of the others. */
const OF_RULE = 'barograph_asked'

/** Rules of which the same steps are asked at once. */
export interface Batch {
  readonly questions: readonly Question[]
  /** Both ends included. */
  readonly from_ms: number
  readonly to_ms: number
  readonly step_ms: number
  /** The newest step that is due, for those whose steps come in several batches. */
  readonly due_ms: number
}

/** Number of steps of each rule. */
export function stepsOf({ from_ms, to_ms, step_ms }: Pick<Batch, 'from_ms' | 'to_ms' | 'step_ms'>): number {
  return Math.round((to_ms - from_ms) / step_ms) + 1
}

/** One expression for all: results marked by the rule's number, and united. A rule by itself is asked as it is. */
export function exprOf({ questions }: Batch, inspect: (expr: string) => ExpressionInfo): string {
  const [only] = questions
  if (questions.length === 1) return only!.expr
  // On lines of its own: an expression may end in a comment.
  const vector = (expr: string): string => (inspect(expr).type === 'scalar' ? `vector(\n${expr}\n)` : `(\n${expr}\n)`)
  return marked(questions.map(({ expr }) => vector(expr)))
}

/** One vector of several, the results of each marked by its number. */
export function marked(vectors: readonly string[]): string {
  return united(vectors.map((vector, i) => `label_replace(${vector}, "${OF_RULE}", "${i}", "", "")`))
}

/** The number by which `marked` marked a result. */
export function numberOf(labels: Labels): number {
  return Number(labels.get(OF_RULE))
}

/** Halves of halves: each side of an `or` is looked through once, and a chain would look through the first again and again. */
function united(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0]!
  const middle = parts.length >> 1
  return `(${united(parts.slice(0, middle))} or ${united(parts.slice(middle))})`
}

/** What each rule is told: points at its steps only, whatever the server says beyond. */
export function answersOf(batch: Batch, answer: QueryAnswer): Answer[] {
  const series = answer.type === 'matrix' ? answer.series : []
  const { questions } = batch
  const several = questions.length > 1
  const byRule = Map.groupBy(series, ({ labels }) => (several ? numberOf(labels) : 0))
  return questions.map((question, i) => ({
    ...asked(question, batch),
    series: (byRule.get(i) ?? [])
      .map((one) => resultOf(one, batch, several))
      .filter(({ time_ms, histograms }) => time_ms.length > 0 || histograms !== undefined)
      .toSorted((a, b) => (a.labels.key < b.labels.key ? -1 : 1)),
    error: '',
  }))
}

/** What a rule is told whose steps have no results. */
export function failureOf(batch: Batch, to_ms: number, error: string): Answer[] {
  return batch.questions.map((question) => ({ ...asked(question, { ...batch, to_ms }), series: [], error }))
}

/** What rules are told of a time in which the upstream was not there. */
export function awayOf(batch: Batch, { from_ms, to_ms }: TimeRange): Answer[] {
  const [from, to] = [from_ms, to_ms].map((time_ms) => new Date(time_ms).toISOString())
  const error = `the upstream has no samples from ${from} to ${to}: it was away, and what was true then is not known`
  return failureOf(batch, batch.to_ms, error).map((answer) => ({ ...answer, away: true }))
}

function asked({ rule, expr }: Question, { from_ms, to_ms, step_ms }: Batch) {
  return { rule, expr, from_ms, to_ms, step_ms }
}

function resultOf(
  { labels, time_ms, value, histograms }: AnsweredSeries,
  batch: Batch,
  several: boolean,
): ResultSeries {
  const { from_ms, to_ms, step_ms } = batch
  const isStep = (time: number): boolean => time >= from_ms && time <= to_ms && (time - from_ms) % step_ms === 0
  const own = several ? labels.drop(OF_RULE) : labels
  const floats = time_ms.every(isStep)
    ? { labels: own, time_ms, value }
    : { labels: own, time_ms: time_ms.filter(isStep), value: value.filter((_, i) => isStep(time_ms[i]!)) }
  const shown = histograms.filter((one) => isStep(one.time_ms))
  if (shown.length === 0) return floats
  return { ...floats, histograms: shown.map((one) => ({ time_ms: one.time_ms, value: valueOf(one) })) }
}

function valueOf({ count, sum, buckets }: ShownHistogram): ResultHistogram {
  return {
    count,
    sum,
    buckets: buckets.map(({ rule, ...bucket }) => ({ ...bucket, bounds: rule })),
  }
}
