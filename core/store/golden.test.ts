// What earlier versions wrote must still load. A released golden file never changes: a new format gets a new one.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { ManualClock } from '../clock.ts'
import type { Snapshot } from '../component.ts'
import type { AnswersInput } from '../ports/intake.ts'
import { silentLog } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { ChangeLog } from './change-log.ts'
import { Checkpoint } from './checkpoint.ts'
import { JournalSeries } from './journal-series.ts'
import { Journal } from './journal.ts'
import { Positions } from './positions.ts'
import type { JournalEntry, SignalsEntry } from './record-codec.ts'
import { segmentFile } from './segment.ts'
import { CallGraph } from './service-graph.ts'
import { Store } from './store.ts'

const GOLDEN = join(import.meta.dirname, '../../tests/golden/store')
const CHECKPOINT_1 = 'checkpoint-1'
const CHECKPOINT_2 = 'checkpoint-2'
const SEGMENT_1 = 'journal-1.segment'
const SEGMENT_2 = 'journal-2.segment'
const SEGMENT_3 = 'journal-3.segment'
const ANSWERS_1 = 'journal-2-answers-1.segment'
const ANSWERS_2 = 'journal-2-answers-2.segment'
const TICK_2 = 'journal-2-tick-2.segment'
const FEEDBACK_1 = 'journal-2-feedback-1.segment'
const POSITION_2 = 'journal-3-position-2.segment'
const HISTORY_1 = 'journal-3-history-1.segment'
const POSITIONS_1 = 'positions-1.json'
const POSITIONS_2 = 'positions-2.json'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-golden-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Parts {
  readonly store: Store
  readonly positions: Positions
  readonly graph: CallGraph
  readonly changes: ChangeLog
}

function newParts(): Parts {
  return {
    store: new Store({ analysis_ms: () => undefined, meter: silentMeter }),
    positions: new Positions(),
    graph: new CallGraph({ meter: silentMeter }),
    changes: new ChangeLog(),
  }
}

const snapshots = ({ store, positions, graph, changes }: Parts): Snapshot[] => [store, positions, graph, changes]

const change = {
  id: 'c_1',
  kind: 'deploy',
  service: 'payments-db',
  at_ms: 1_700_000_000_000,
  title: 'v2',
  source: 'api',
  url: '',
} as const

/** A float with sealed chunks, late samples and a stale one; a histogram; logs, spans, a position. */
function entry(store: Store): SignalsEntry {
  const base = { unit: 's', help: 'Help.', labels: Labels.of({ __name__: 'temp', service_name: 'shop' }) }
  const float: SeriesDefinition = { ...base, type: 'gauge', kind: 'float', bounds: new Float64Array(0) }
  const buckets: SeriesDefinition = {
    ...base,
    labels: base.labels.with('__name__', 'latency'),
    type: 'histogram',
    kind: 'histogram',
    bounds: Float64Array.of(0.1, 1),
  }
  const builder = new SampleBuilder()
  const [id, series] = [store.resolve(float), store.resolve(buckets)]
  for (let i = 0; i < 130; i++) builder.float(id, 1_700_000_000_000 + i * 1000, i === 7 ? Math.PI : i / 4)
  builder.float(id, 1_700_000_005_500, -0)
  builder.float(id, 1_700_000_130_000, 0, true)
  for (let i = 0; i < 3; i++) {
    builder.histogram({ series, time_ms: 1_700_000_000_000 + i, sum: i / 2, count: 6 * i, buckets: [i, 2 * i, 3 * i] })
  }
  const trace = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' }
  const span = { ...trace, service: 'shop', name: 'GET', start_ms: 1_700_000_000_000, end_ms: 1_700_000_000_010 }
  return {
    kind: 'signals',
    samples: builder.batch(),
    logs: [{ ...trace, time_ms: 1_700_000_000_000, labels: base.labels, level: 'error', body: 'no' }],
    spans: [{ ...span, parent_span_id: '', kind: 'client', error: false, peer: 'payments-db' }],
    position: { topic: 'otlp_metrics', partition: 2, offset: '9007199254740993' },
  }
}

function apply(parts: Parts, signals: SignalsEntry): void {
  parts.store.append(signals.samples)
  parts.graph.spans(signals.spans)
  parts.changes.add(change)
  if (signals.position !== undefined) parts.positions.advance(signals.position)
}

/** What the files were made from. */
function made(): Parts {
  const parts = newParts()
  apply(parts, entry(parts.store))
  return parts
}

function answers({ store, positions, graph, changes }: Parts): unknown {
  graph.advance(1_700_000_100_000)
  return {
    samples: store
      .select([], { from_ms: -Infinity, to_ms: Infinity })
      .map((slice) => [
        slice.labels.toString(),
        Array.from(slice.time_ms),
        Array.from(slice.value),
        Array.from(slice.stale),
      ]),
    metadata: store.metadata(),
    next: positions.next('otlp_metrics', 2),
    edges: graph.edges(),
    changes: changes.list({ limit: 10 }),
  }
}

/** Writes a file that is not there yet: of a format that was never released. */
function keep(name: string, path: string): void {
  mkdirSync(GOLDEN, { recursive: true })
  if (!existsSync(join(GOLDEN, name))) copyFileSync(path, join(GOLDEN, name))
}

test.each([CHECKPOINT_1, CHECKPOINT_2])('%s loads', async (name) => {
  await new Checkpoint({ folder, log: silentLog }).write(snapshots(made()), 3).done
  keep(CHECKPOINT_2, join(folder, 'checkpoint'))
  copyFileSync(join(GOLDEN, name), join(folder, 'checkpoint'))
  const parts = newParts()
  expect(new Checkpoint({ folder, log: silentLog }).load(snapshots(parts), [])).toBe(3)
  expect(answers(parts)).toEqual(answers(made()))
})

/** What a golden segment makes of the parts, and what it holds. */
function readBack(name: string): [unknown, readonly JournalEntry[]] {
  copyFileSync(join(GOLDEN, name), join(folder, segmentFile(1)))
  const parts = newParts()
  const seen: JournalEntry[] = []
  for (const read of journalOf(parts.store).read(1)) {
    seen.push(read)
    if (read.kind === 'signals') apply(parts, read)
  }
  return [answers(parts), seen]
}

/** What it must hold. */
function expected(samples: Partial<SignalsEntry['samples']>): object[] {
  const { logs, spans } = entry(newParts().store)
  return [{ kind: 'signals', logs, spans, samples }, ...OTHERS]
}

const OTHERS: readonly JournalEntry[] = [
  { kind: 'tick', time_ms: 1_700_000_001_000, complete_ms: 1_700_000_000_500 },
  { kind: 'change', change },
  { kind: 'command', command: 'ack', incident: 'i_1', by: 'ann', at_ms: 1_700_000_002_000 },
]

function journalOf(store: Store): Journal {
  const series = new JournalSeries(store)
  return new Journal({ clock: new ManualClock(), log: silentLog, meter: silentMeter, folder, series })
}

test('a journal of format 1 loads', () => {
  const [answered, seen] = readBack(SEGMENT_1)
  expect(answered).toEqual(answers(made()))
  expect(seen).toMatchObject(expected({ exemplars: [] }))
})

test.each([SEGMENT_2, SEGMENT_3])('%s loads', (name) => {
  const { store } = newParts()
  const journal = journalOf(store)
  const signals = entry(store)
  const exemplar = { series: 1, time_ms: 1_700_000_000_001, value: 0.5, labels: Labels.of({ trace_id: 'ab' }) }
  journal.append({ ...signals, samples: { ...signals.samples, exemplars: [exemplar] } })
  for (const other of OTHERS) journal.append(other)
  journal.close()
  keep(SEGMENT_3, join(folder, segmentFile(1)))
  const [answered, seen] = readBack(name)
  expect(answered).toEqual(answers(made()))
  expect(seen).toMatchObject(expected({ exemplars: [exemplar] }))
})

const ANSWERS: AnswersInput = {
  kind: 'answers',
  datasource: 'prom',
  answers: [
    {
      rule: 'rules.yml;g;alert;Down',
      expr: 'up == 0',
      from_ms: 1_700_000_040_000,
      to_ms: 1_700_000_100_000,
      step_ms: 60_000,
      series: [
        {
          labels: Labels.of({ __name__: 'up', job: 'shop' }),
          time_ms: Float64Array.of(1_700_000_040_000, 1_700_000_100_000),
          value: Float64Array.of(0, Number.NaN),
        },
      ],
      error: '',
    },
    {
      rule: 'rules.yml;g;record;a:b',
      expr: 'a / b',
      from_ms: 1_700_000_040_000,
      to_ms: 1_700_000_040_000,
      step_ms: 60_000,
      series: [],
      error: 'many-to-many',
    },
  ],
}

test('answers of an upstream in form 1 are read', () => {
  const journal = journalOf(newParts().store)
  journal.append(ANSWERS)
  journal.close()
  keep(ANSWERS_1, join(folder, segmentFile(1)))
  expect(readBack(ANSWERS_1)[1]).toEqual([ANSWERS])
})

test('answers in form 2, with histograms and outages, are read', () => {
  const [first, second] = ANSWERS.answers
  const value = { count: 3, sum: 4.5, buckets: [{ bounds: 0 as const, lower: 1, upper: 2, count: 3 }] }
  const histograms = [{ time_ms: 1_700_000_040_000, value }]
  const written: AnswersInput = {
    ...ANSWERS,
    answers: [
      { ...first!, series: first!.series.map((one) => ({ ...one, histograms })) },
      { ...second!, error: 'it was away', away: true },
    ],
  }
  const journal = journalOf(newParts().store)
  journal.append(written)
  journal.close()
  keep(ANSWERS_2, join(folder, segmentFile(1)))
  expect(readBack(ANSWERS_2)[1]).toEqual([written])
})

test('positions without and with ids of topics are read', () => {
  const samples = new SampleBuilder().batch()
  const at = { topic: 'otlp_metrics', partition: 2, offset: '9007199254740993' }
  const entries = [at, { ...at, offset: '5', topic_id: 'ASNFZ4mrze8BI0VniavN7w' }].map((position): SignalsEntry => {
    return { kind: 'signals', samples, logs: [], spans: [], position }
  })
  const journal = journalOf(newParts().store)
  for (const one of entries) journal.append(one)
  journal.close()
  keep(POSITION_2, join(folder, segmentFile(1)))
  expect(readBack(POSITION_2)[1]).toMatchObject(entries)
  expect(readBack(POSITION_2)[0]).toMatchObject({ next: 6n })
})

test.each([POSITIONS_1, POSITIONS_2])('%s loads', (name) => {
  const positions = new Positions()
  positions.load(readFileSync(join(GOLDEN, name)))
  expect(positions.next('otlp_metrics', 2)).toBe(9_007_199_254_740_994n)
  expect(positions.topicId('otlp_metrics', 2)).toBe(name === POSITIONS_1 ? undefined : 'ASNFZ4mrze8BI0VniavN7w')
  expect(positions.topicId('otlp_logs', 0)).toBeUndefined()
})

test('history is read', () => {
  const { store } = newParts()
  const { samples } = entry(store)
  const journal = journalOf(store)
  journal.append({ kind: 'history', samples })
  journal.close()
  keep(HISTORY_1, join(folder, segmentFile(1)))
  expect(readBack(HISTORY_1)[1]).toMatchObject([{ kind: 'history', samples: { floats: { length: 132 } } }])
})

test('what was said of a finding is read', () => {
  const said: JournalEntry = { kind: 'feedback', feedback: 'real', finding: 'f_1', by: 'ann', at_ms: 1_700_000_002_000 }
  const journal = journalOf(newParts().store)
  journal.append(said)
  journal.close()
  keep(FEEDBACK_1, join(folder, segmentFile(1)))
  expect(readBack(FEEDBACK_1)[1]).toEqual([said])
})

test('ticks with a share, behind those without, are read', () => {
  const ticks: readonly JournalEntry[] = [
    { kind: 'tick', time_ms: 1_700_000_001_000 },
    { kind: 'tick', time_ms: 1_700_000_002_000, share: 10_000 },
    { kind: 'tick', time_ms: 1_700_000_003_000, complete_ms: 1_700_000_000_500, share: 10_000 },
  ]
  const journal = journalOf(newParts().store)
  for (const tick of ticks) journal.append(tick)
  journal.close()
  keep(TICK_2, join(folder, segmentFile(1)))
  expect(readBack(TICK_2)[1]).toEqual(ticks)
})
