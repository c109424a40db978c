// Every kind of entry that a journal holds, found through the list, passes the same contract.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Change, CHANGE_KINDS } from '../change.ts'
import { FEEDBACK } from '../finding.ts'
import { silentMeter } from '../ports/meter.ts'
import type { ResultSeries } from '../ports/query-engine.ts'
import { type SampleBatch, SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { LEVELS, SPAN_KINDS } from '../signal.ts'
import { atOnce } from '../steps.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { JournalSeries } from './journal-series.ts'
import type { JournalEntry, RecordCodec, RecordContext } from './record-codec.ts'
import * as list from './records.ts'
import { SampleColumns } from './sample-columns.ts'
import { Store } from './store.ts'

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', '\ud800', 'é\u0000'))
const time_ms = fc.integer({ min: -1e15, max: 1e15 })
const labels = fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) => Labels.of(pairs))

const change: fc.Arbitrary<Change> = fc.record(
  {
    id: text,
    kind: fc.constantFrom(...CHANGE_KINDS),
    service: text,
    at_ms: time_ms,
    title: text,
    source: text,
    url: text,
    until_ms: time_ms,
    factor: fc.double({ min: 0.01, max: 1000, noNaN: true }),
  },
  { requiredKeys: ['id', 'kind', 'service', 'at_ms', 'title', 'source', 'url'] },
)

const definition: fc.Arbitrary<SeriesDefinition> = fc
  .record({
    labels,
    type: fc.constantFrom('unknown', 'counter', 'gauge', 'histogram', 'summary'),
    unit: text,
    help: text,
    kind: fc.constantFrom('float', 'histogram'),
    bounds: fc.array(fc.double({ noNaN: true }), { maxLength: 3 }),
  })
  .map(({ bounds, ...rest }) => {
    return Object.assign(rest, { bounds: Float64Array.from(rest.kind === 'float' ? [] : bounds) })
  })

const sample = fc.record({
  series: fc.nat(30),
  time_ms: fc.oneof(fc.double(), fc.constantFrom(0, 1_700_000_000_000, 1_700_000_015_000)),
  value: fc.oneof(fc.double(), fc.nat()),
  stale: fc.boolean(),
})

const signals = fc
  .record({
    definitions: fc.array(definition, { minLength: 1, maxLength: 5 }),
    samples: fc.array(sample, { maxLength: 20 }),
    /** Once more, each series in turn, many at one time. */
    rounds: fc.nat(40),
    exemplars: fc.array(fc.record({ series: fc.nat(30), time_ms, value: fc.double(), labels }), { maxLength: 2 }),
    logs: fc.array(
      fc.record({ time_ms, labels, level: fc.constantFrom(...LEVELS), body: text, trace_id: text, span_id: text }),
      { maxLength: 2 },
    ),
    spans: fc.array(
      fc.record({
        trace_id: text,
        span_id: text,
        parent_span_id: text,
        service: text,
        name: text,
        kind: fc.constantFrom(...SPAN_KINDS),
        start_ms: time_ms,
        end_ms: time_ms,
        error: fc.boolean(),
        peer: text,
        links: fc.option(fc.array(fc.record({ trace_id: text, span_id: text }), { maxLength: 2 }), { nil: undefined }),
      }),
      { maxLength: 2 },
    ),
    position: fc.option(
      fc.record({ topic: text, partition: fc.nat(), offset: fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String) }),
      { nil: undefined },
    ),
  })
  .map(({ samples, rounds, exemplars, position, ...rest }) => {
    const definitions = rest.definitions.map((made, i) => ({ ...made, labels: made.labels.with('i', String(i)) }))
    const builder = new SampleBuilder()
    const more = Array.from({ length: rounds }, (_, i) => ({ ...samples[0]!, series: i }))
    for (const point of samples.length === 0 ? [] : [...samples, ...more]) {
      const series = point.series % definitions.length
      const { kind, bounds } = definitions[series]!
      if (kind === 'float') builder.float(series, point.time_ms, point.value, point.stale)
      else {
        const buckets = Array.from({ length: bounds.length + 1 }, (_, i) => point.value + i)
        builder.histogram({ ...point, series, sum: point.value, count: 1, buckets })
      }
    }
    for (const exemplar of exemplars) builder.exemplar({ ...exemplar, series: exemplar.series % definitions.length })
    const entry = { kind: 'signals' as const, samples: builder.batch(), logs: rest.logs, spans: rest.spans }
    return { definitions, entry: position === undefined ? entry : { ...entry, position } }
  })

const points = fc.array(fc.tuple(time_ms, fc.double()), { maxLength: 5 })
const bucket = fc.record({
  bounds: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  lower: fc.double(),
  upper: fc.double(),
  count: fc.double(),
})
const histogram = fc.record({
  time_ms,
  value: fc.record({ count: fc.double(), sum: fc.double(), buckets: fc.array(bucket, { maxLength: 3 }) }),
})
const answer = fc.record(
  {
    rule: text,
    expr: text,
    from_ms: time_ms,
    to_ms: time_ms,
    step_ms: fc.nat(),
    error: text,
    series: fc.array(
      fc.tuple(labels, points, fc.array(histogram, { maxLength: 3 })).map(([own, made, histograms]) => ({
        labels: own,
        time_ms: Float64Array.from(made, ([at]) => at),
        value: Float64Array.from(made, ([, value]) => value),
        ...(histograms.length > 0 && { histograms }),
      })),
      { maxLength: 3 },
    ),
    away: fc.constant(true),
  },
  { requiredKeys: ['rule', 'expr', 'from_ms', 'to_ms', 'step_ms', 'error', 'series'] },
)

interface Case {
  readonly definitions: readonly SeriesDefinition[]
  readonly entry: JournalEntry
}

const cases: Record<JournalEntry['kind'], fc.Arbitrary<Case>> = {
  signals,
  history: signals.map(({ definitions, entry }) => ({
    definitions,
    entry: { kind: 'history' as const, samples: entry.samples },
  })),
  answers: fc
    .record({ kind: fc.constant('answers' as const), datasource: text, answers: fc.array(answer, { maxLength: 3 }) })
    .map((entry) => ({ definitions: [], entry })),
  tick: fc
    .record(
      { kind: fc.constant('tick' as const), time_ms, complete_ms: time_ms },
      { requiredKeys: ['kind', 'time_ms'] },
    )
    .map((entry) => ({ definitions: [], entry })),
  change: change.map((made) => ({ definitions: [], entry: { kind: 'change' as const, change: made } })),
  command: fc
    .record({
      kind: fc.constant('command' as const),
      command: fc.constantFrom('ack', 'resolve'),
      incident: text,
      by: text,
      at_ms: time_ms,
    })
    .map((entry) => ({ definitions: [], entry })),
  feedback: fc
    .record({
      kind: fc.constant('feedback' as const),
      feedback: fc.constantFrom(...FEEDBACK),
      finding: text,
      by: text,
      at_ms: time_ms,
    })
    .map((entry) => ({ definitions: [], entry })),
}

function contextOf(store: Store): RecordContext {
  return { series: new JournalSeries(store), columns: new SampleColumns() }
}

function newStore(definitions: readonly SeriesDefinition[] = []): Store {
  const limits = { label_name_length: Infinity, label_value_length: Infinity }
  const store = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
  for (const one of definitions) store.resolve(one)
  return store
}

/** An entry without ids: definitions in their place. */
function plain(entry: JournalEntry, store: Store): unknown {
  if (entry.kind === 'answers') return entry.answers.map((one) => ({ ...one, series: one.series.map(shownSeries) }))
  if (entry.kind === 'history') return shownSamples(entry.samples, store)
  if (entry.kind !== 'signals') return entry
  return {
    ...shownSamples(entry.samples, store),
    logs: entry.logs.map((log) => ({ ...log, labels: log.labels.key })),
    spans: entry.spans,
    position: entry.position,
  }
}

function shownSamples(samples: SampleBatch, store: Store): object {
  const { floats, histograms } = samples
  const named = (ids: Uint32Array): unknown[] => Array.from(ids, (id) => shownDefinition(store.definition(id)))
  return {
    floats: { ...floats, series: named(floats.series) },
    histograms: { ...histograms, series: named(histograms.series) },
    exemplars: samples.exemplars.map(({ series, labels: own, ...exemplar }) => {
      return { ...exemplar, series: shownDefinition(store.definition(series)), labels: own.key }
    }),
  }
}

function shownSeries(series: ResultSeries): unknown {
  return { ...series, labels: series.labels.key }
}

function shownDefinition(made: SeriesDefinition): unknown {
  return { ...made, labels: made.labels.key }
}

// A codec is only ever given entries of its kind.
const codecs = Object.values(list) as unknown as RecordCodec<JournalEntry['kind']>[]

test('every kind has a type of its own', () => {
  expect(new Set(codecs.map(({ type }) => type)).size).toBe(codecs.length)
  expect(codecs.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(cases).toSorted())
})

describe.each(codecs)('$kind', (codec) => {
  test('comes back as it was written', () => {
    expect.hasAssertions()
    fc.assert(
      fc.property(cases[codec.kind], ({ definitions, entry }) => {
        const writer = new ByteWriter(1)
        const store = newStore(definitions)
        const steps = codec.encode(entry, writer, contextOf(store))
        if (steps !== undefined) atOnce(steps)
        const reader = new ByteReader(writer.copy())
        const other = newStore()
        const back = codec.decode(reader, contextOf(other))
        expect(reader.left).toBe(0)
        expect(plain(back, other)).toEqual(plain(entry, store))
      }),
      { interruptAfterTimeLimit: 5000 },
    )
  })

  test('bytes that are none are refused, never a crash', () => {
    expect.hasAssertions()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let error: unknown
        try {
          codec.decode(new ByteReader(bytes), contextOf(newStore()))
        } catch (thrown) {
          error = thrown
        }
        expect([undefined, 'bad_data']).toContain((error as { code?: string } | undefined)?.code)
      }),
      { numRuns: 300 },
    )
  })
})
