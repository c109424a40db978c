import { z } from 'zod'

import { ServiceError } from '#core/errors.ts'
import { bucketCount } from '#core/exponential.ts'
import type { Signals } from '#core/ports/decoder.ts'
import type { SamplesInput } from '#core/ports/intake.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { type SampleBatch, SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'
import type { Steps } from '#core/steps.ts'

const STALE = 'stale'

/** What JSON has no number for, as text. */
type Value = number | string

/** A value as JSON can say it. */
export function valueText(value: number): Value {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value)
}

/** The same, read. */
export const value = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity', '-0']).transform(Number)], {
  error: 'a number, or NaN, Infinity, -Infinity, -0 as text',
})
const labels = z.record(z.string(), z.string())
const point = z.tuple([z.number(), z.union([z.literal(STALE), value])])
const histogram = z.union([
  z.strictObject({ at: z.number(), sum: value, count: value, buckets: z.array(value) }),
  z.strictObject({ at: z.number(), stale: z.literal(true) }),
])
const exemplar = z.strictObject({ at: z.number(), value, labels })
const series = z.strictObject({
  labels,
  type: z.enum(['counter', 'gauge', 'histogram', 'summary', 'unknown', 'gaugehistogram', 'info', 'stateset']),
  unit: z.string().default(''),
  help: z.string().default(''),
  kind: z.enum(['float', 'histogram', 'exponential', 'custom']),
  bounds: z.array(value).default([]),
  points: z.array(point).default([]),
  histograms: z.array(histogram).default([]),
  exemplars: z.array(exemplar).default([]),
})

/**
 * Samples in normal form. A series that is next to itself stands once; what belongs to several comes in the order of their columns, so that
 * it is judged in that order again.
 */
export const samplesSchema = z.strictObject({ samples: z.array(series), rejected: z.int().nonnegative().default(0) })

type Written = z.output<typeof samplesSchema>
type Series = Written['samples'][number]

/** A series while its samples are written, or what it is called in a line. */
interface Entry {
  readonly [part: string]: unknown
  readonly points?: unknown[]
  readonly histograms?: unknown[]
  readonly exemplars?: unknown[]
}

function headOf({ labels: own, type, unit, help, kind, bounds }: SeriesDefinition): Entry {
  return {
    labels: own.toJSON(),
    type,
    ...(unit !== '' && { unit }),
    ...(help !== '' && { help }),
    kind,
    ...(kind !== 'float' && { bounds: Array.from(bounds, valueText) }),
  }
}

/** One kind of samples: of which series one is, and how it is written. */
interface Column {
  readonly id: (i: number) => SeriesId
  readonly item: (i: number) => unknown
  readonly definition: SeriesWriter['definition']
}

/** One kind of samples, runs of one series together. */
function entries(
  length: number,
  part: 'points' | 'histograms' | 'exemplars',
  { id, item, definition }: Column,
): Entry[] {
  const written: Entry[] = []
  let items: unknown[] = []
  for (let i = 0; i < length; i++) {
    if (i === 0 || id(i) !== id(i - 1)) {
      items = []
      written.push({ ...headOf(definition(id(i))), [part]: items })
    }
    items.push(item(i))
  }
  return written
}

function histogramItem({ time_ms, sum, count, start, buckets, stale }: SampleBatch['histograms'], i: number): unknown {
  if (stale[i] === 1) return { at: time_ms[i], stale: true }
  const own = buckets.subarray(start[i], start[i + 1])
  return { at: time_ms[i], sum: valueText(sum[i]!), count: valueText(count[i]!), buckets: Array.from(own, valueText) }
}

/** What samples that did not come as OTLP were decoded to, as a line of `input.jsonl`; `readInput` gives them back. */
export function samplesLine({ samples, rejected }: Signals, definition: SeriesWriter['definition']): string {
  const { floats, histograms, exemplars } = samples
  const written = [
    ...entries(floats.length, 'points', {
      definition,
      id: (i) => floats.series[i]!,
      item: (i) => [floats.time_ms[i], floats.stale[i] === 1 ? STALE : valueText(floats.value[i]!)],
    }),
    ...entries(histograms.length, 'histograms', {
      definition,
      id: (i) => histograms.series[i]!,
      item: (i) => histogramItem(histograms, i),
    }),
    ...entries(exemplars.length, 'exemplars', {
      definition,
      id: (i) => exemplars[i]!.series,
      item: (i) => {
        const { time_ms, value: one, labels: own } = exemplars[i]!
        return { at: time_ms, value: valueText(one), labels: own.toJSON() }
      },
    }),
  ]
  return JSON.stringify({ samples: written, ...(rejected > 0 && { rejected }) })
}

function definitionOf({ labels: own, type, unit, help, kind, bounds }: Series): SeriesDefinition {
  const definition = { labels: Labels.of(own), type, unit, help, kind, bounds: Float64Array.from(bounds) }
  if (kind === 'exponential' && bounds.length !== 6) {
    throw new ServiceError('bad_data', `an exponential histogram has 6 bounds, not ${bounds.length}`)
  }
  return definition
}

function build(builder: SampleBuilder, id: SeriesId, width: number, one: Series): void {
  for (const [time_ms, held] of one.points) builder.float(id, time_ms, held === STALE ? NaN : held, held === STALE)
  for (const held of one.histograms) {
    const common = { series: id, time_ms: held.at }
    if ('stale' in held) {
      builder.histogram({ ...common, sum: NaN, count: 0, buckets: new Float64Array(width), stale: true })
    } else builder.histogram({ ...common, sum: held.sum, count: held.count, buckets: held.buckets })
  }
  for (const { at, value: held, labels: own } of one.exemplars) {
    builder.exemplar({ series: id, time_ms: at, value: held, labels: Labels.of(own) })
  }
}

function misfit({ kind, points, histograms }: Series, width: number): boolean {
  if (kind === 'float') return histograms.length > 0
  return points.length > 0 || histograms.some((one) => 'buckets' in one && one.buckets.length !== width)
}

/** What a line says, as an input. Throws `ServiceError('bad_data')` where samples do not fit their series. */
export function samplesInput({ samples, rejected }: Written): SamplesInput {
  const definitions = samples.map(definitionOf)
  const widths = definitions.map(bucketCount)
  let newest_ms = -Infinity
  for (const [i, one] of samples.entries()) {
    if (misfit(one, widths[i]!)) {
      throw new ServiceError('bad_data', `samples of ${String(definitions[i]!.labels)} do not fit its kind and bounds`)
    }
    for (const [time_ms] of one.points) newest_ms = Math.max(newest_ms, time_ms)
    for (const { at } of one.histograms) newest_ms = Math.max(newest_ms, at)
  }
  return {
    kind: 'samples',
    source: 'recording',
    newest_ms,
    *decode(writer): Steps<Signals> {
      const builder = new SampleBuilder()
      let refused = rejected
      const messages = new Set<string>()
      for (const [i, one] of samples.entries()) {
        yield
        try {
          build(builder, writer.resolve(definitions[i]!), widths[i]!, one)
        } catch (error) {
          if (!(error instanceof ServiceError && error.code === 'too_large')) throw error
          refused += one.points.length + one.histograms.length
          messages.add(error.message)
        }
      }
      return { samples: builder.batch(), logs: [], spans: [], rejected: refused, message: [...messages].join('; ') }
    },
  }
}
