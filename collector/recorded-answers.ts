import { z } from 'zod'

import type { AnswersInput } from '#core/ports/intake.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'
import type { Answer } from '#core/ports/questions.ts'
import { Labels } from '#core/series.ts'

import { value, valueText } from './recorded-samples.ts'

/** How its ends belong to it, its ends, its count. */
const bucket = z.tuple([z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]), value, value, value])
const histogram = z.strictObject({ at: z.number(), count: value, sum: value, buckets: z.array(bucket) })
const series = z.strictObject({
  labels: z.record(z.string(), z.string()),
  points: z.array(z.tuple([z.number(), value])),
  histograms: z.array(histogram).optional(),
})
const answer = z.strictObject({
  rule: z.string(),
  expr: z.string(),
  from: z.number(),
  to: z.number(),
  step_ms: z.number(),
  series: z.array(series).default([]),
  error: z.string().default(''),
  away: z.literal(true).optional(),
})

type RecordedHistogram = NonNullable<ResultSeries['histograms']>[number]

/** What an upstream said of rules. Times are milliseconds, as those of samples. */
export const answersSchema = z.strictObject({ answers: z.array(answer), datasource: z.string() })

/** The answers as a line of `input.jsonl`; `answersInput` gives them back. */
export function answersLine({ datasource, answers }: AnswersInput): string {
  const written = answers.map(({ rule, expr, from_ms, to_ms, step_ms, series: found, error, away }) => ({
    rule,
    expr,
    from: from_ms,
    to: to_ms,
    step_ms,
    series: found.map(({ labels, time_ms, value: values, histograms }) => ({
      labels: labels.toJSON(),
      points: Array.from(time_ms, (time, i) => [time, valueText(values[i]!)]),
      ...(histograms !== undefined && { histograms: histograms.map(histogramLine) }),
    })),
    ...(error !== '' && { error }),
    ...(away === true && { away }),
  }))
  return JSON.stringify({ answers: written, datasource })
}

export function answersInput({ answers, datasource }: z.output<typeof answersSchema>): AnswersInput {
  return { kind: 'answers', datasource, answers: answers.map(answerOf) }
}

function answerOf({ from, to, series: found, away, ...rest }: z.output<typeof answer>): Answer {
  return {
    ...rest,
    ...(away === true && { away }),
    from_ms: from,
    to_ms: to,
    series: found.map(({ labels, points, histograms }) => ({
      labels: Labels.of(labels),
      time_ms: Float64Array.from(points, ([time]) => time),
      value: Float64Array.from(points, ([, one]) => one),
      ...(histograms !== undefined && { histograms: histograms.map(histogramOf) }),
    })),
  }
}

function histogramLine({ time_ms, value: { count, sum, buckets } }: RecordedHistogram) {
  return {
    at: time_ms,
    count: valueText(count),
    sum: valueText(sum),
    buckets: buckets.map(({ bounds, lower, upper, count: own }) => [bounds, ...[lower, upper, own].map(valueText)]),
  }
}

function histogramOf({ at, count, sum, buckets }: z.output<typeof histogram>): RecordedHistogram {
  const read = buckets.map(([bounds, lower, upper, own]) => ({ bounds, lower, upper, count: own }))
  return { time_ms: at, value: { count, sum, buckets: read } }
}
