import { ServiceError } from '#core/errors.ts'
import type { Decoder, Signals } from '#core/ports/decoder.ts'
import type { Input, Intake, OtlpRequest, Receipt, SignalKind } from '#core/ports/intake.ts'
import { type Meter, type Reading, silentMeter } from '#core/ports/meter.ts'
import type { SeriesWriter } from '#core/ports/series-writer.ts'
import type { SampleBatch } from '#core/sample.ts'
import { atOnce } from '#core/steps.ts'
import type { StoreLimits } from '#core/store/limits.ts'
import { Store } from '#core/store/store.ts'

import { createDecoder } from '../decoder.ts'

export function storeWith(limits: Partial<StoreLimits> = {}): Store {
  return new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
}

/** A request from bytes, or from an object written as JSON. */
export function request(signal: SignalKind, content: Uint8Array | object | string): OtlpRequest {
  if (content instanceof Uint8Array) return { kind: 'otlp', signal, encoding: 'proto', body: content }
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return { kind: 'otlp', signal, encoding: 'json', body: Buffer.from(text) }
}

/** Samples as text, a line each: `name{labels} time value`, the way people read them. */
export function linesOf({ floats, histograms }: SampleBatch, writer: SeriesWriter): string[] {
  const lines: string[] = []
  for (let i = 0; i < floats.length; i++) {
    const { labels, type, unit } = writer.definition(floats.series[i]!)
    const value = floats.stale[i] === 1 ? 'stale' : Object.is(floats.value[i], -0) ? '-0' : floats.value[i]
    lines.push(`${String(labels)} ${type} ${unit} ${floats.time_ms[i]} ${value}`)
  }
  for (let i = 0; i < histograms.length; i++) {
    const { labels, unit, kind, bounds } = writer.definition(histograms.series[i]!)
    const buckets = histograms.buckets.subarray(histograms.start[i], histograms.start[i + 1])
    const what = histograms.stale[i] === 1 ? 'stale' : `${histograms.count[i]} ${histograms.sum[i]} [${buckets.join()}]`
    if (kind === 'exponential') {
      const [schema, , positive, above, negative, below] = bounds
      const counted = [...buckets.entries()].filter(([, count]) => count !== 0).map(([at, count]) => `${at}:${count}`)
      const ended =
        histograms.stale[i] === 1 ? 'stale' : `${histograms.count[i]} ${histograms.sum[i]} {${counted.join()}}`
      lines.push(
        `${String(labels)} exponential ${unit} ${histograms.time_ms[i]} ${schema} [${positive},${above}] [${negative},${below}] ${ended}`,
      )
      continue
    }
    lines.push(`${String(labels)} ${kind} ${unit} ${histograms.time_ms[i]} le [${bounds.join()}] ${what}`)
  }
  return lines
}

/** What a decoder makes of a request, comparable: in a fresh store, with a fresh decoder unless one is given. */
export function decoded(
  what: OtlpRequest,
  { decoder = createDecoder({ meter: silentMeter }), store = storeWith() }: { decoder?: Decoder; store?: Store } = {},
): Omit<Signals, 'samples'> & { readonly lines: string[] } {
  const { samples, ...rest } = atOnce(decoder.decode(what, store))
  return { ...rest, lines: linesOf(samples, store) }
}

/** Metrics of one resource and scope in OTLP/JSON. */
export function metrics(...list: readonly object[]): object {
  const attributes = [{ key: 'service.name', value: { stringValue: 'checkout' } }]
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: list }] }] }
}

/** A time in ns as OTLP/JSON writes it. */
export function nanos(time_ms: number): string {
  return `${time_ms}000000`
}

/** What becomes of input from anywhere: it is read, or refused with the code of a `ServiceError`; all else is a bug. */
export function outcomeOf(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    if (error instanceof ServiceError) return error.code
    throw error
  }
}

/** Takes everything, or answers as it is told. */
export class RecordingIntake implements Intake {
  readonly inputs: Input[] = []
  answer: (input: Input) => Receipt | Promise<Receipt> = () => ({ rejected: 0, message: '' })

  async submit(input: Input): Promise<Receipt> {
    // The receiver takes the body's memory back when it has been answered.
    const kept = input.kind === 'otlp' ? { ...input, body: Buffer.from(input.body) } : input
    const receipt = await this.answer(input)
    this.inputs.push(kept)
    return receipt
  }
}

/** Counts into a record: `name{attribute=value}` → sum. */
export function countingMeter(): Meter & {
  readonly counts: Record<string, number>
  readonly gauges: Record<string, () => number | readonly Reading[]>
} {
  const counts: Record<string, number> = {}
  const gauges: Record<string, () => number | readonly Reading[]> = {}
  return {
    ...silentMeter,
    counts,
    gauges,
    gauge(name, _, read) {
      gauges[name] = read
    },
    counter: (name) => ({
      add(value, attributes = {}) {
        const key = `${name}{${Object.entries(attributes)
          .map(([k, v]) => `${k}=${v}`)
          .join()}}`
        counts[key] = (counts[key] ?? 0) + value
      },
    }),
  }
}
