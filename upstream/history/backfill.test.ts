import { readFileSync, writeFileSync } from 'node:fs'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { forecast, HistoryStand, type HistoryOptions, HOUR } from '../testing/history.fixture.ts'
import { failure, FakePrometheus, type ServedSeries } from '../testing/prometheus.fixture.ts'
import { NOW, removeFolders, temporaryFolder, until } from '../testing/stand.fixture.ts'

let prometheus: FakePrometheus
const stands: HistoryStand[] = []

function stand(options: Partial<HistoryOptions> = {}): HistoryStand {
  const one = new HistoryStand({ url: prometheus.url, ...options })
  stands.push(one)
  return one
}

/** A sample each `step_ms`, at times of its own, for so many hours before now. */
function served(labels: Record<string, string>, hours: number, step_ms = 15_000): ServedSeries {
  const count = Math.floor((hours * HOUR) / step_ms)
  const offset = labels['instance']?.length ?? 0
  return {
    labels,
    samples: Array.from({ length: count }, (_, i) => [NOW - (count - i) * step_ms + offset, String(i / 8)] as const),
  }
}

const all = ({ samples }: ServedSeries): [number, number][] => samples.map(([at, value]) => [at, Number(value)])

beforeEach(async () => {
  prometheus = new FakePrometheus()
  await prometheus.start()
})
afterEach(async () => {
  for (const one of stands.splice(0)) await one.backfill.stop()
  await prometheus.stop()
  removeFolders()
})

describe('history', () => {
  test('comes with its own times and values, whole, the oldest first and series side by side', async () => {
    const [a, b] = [served({ __name__: 'up', instance: 'a' }, 48), served({ __name__: 'up', instance: 'bb' }, 30)]
    prometheus.series = [a, b, served({ __name__: 'other' }, 1)]
    const one = stand()
    await one.backfill.first()
    expect(one.kept('up')).toEqual(
      new Map([
        ['up{instance="a"}', all(a)],
        ['up{instance="bb"}', all(b)],
      ]),
    )
    expect(one.kept('other').size).toBe(0)
    const total = a.samples.length + b.samples.length
    expect(one.backfill.state()).toMatchObject({
      state: 'done',
      selectors: 1,
      series: 2,
      fetched: total,
      refused: 0,
      trouble: '',
    })
  })

  test('is asked for in pieces that the server gives', async () => {
    const a = served({ __name__: 'up' }, 12, 1000)
    prometheus.series = [a]
    prometheus.most = 7000
    const one = stand()
    await one.backfill.first()
    expect(one.kept('up').get('up')).toEqual(all(a))
  })

  test('of many series is asked for in groups of them', async () => {
    const many = Array.from({ length: 130 }, (_, i) =>
      served({ __name__: 'up', instance: `i.${i}`, zone: `z${i % 3}` }, 1),
    )
    prometheus.series = [...many, served({ __name__: 'up' }, 1)]
    const one = stand({ settings: { samples: 1000 } })
    await one.backfill.first()
    expect(one.kept('up').size).toBe(131)
    expect(one.kept('up').get('up{instance="i.7", zone="z1"}')).toEqual(all(many[7]!))
    const groups = new Set(prometheus.of('query').map((form) => form.get('query')!.replace(/\[.*$/, '')))
    expect(groups.size).toBeGreaterThanOrEqual(Math.ceil(131 / 25))
  })

  test('is taken a step at a time where samples may not be had as they are', async () => {
    const a = served({ __name__: 'up' }, 20, 30_000)
    prometheus.series = [a]
    prometheus.raw = false
    const one = stand({ settings: { range: '2d' } })
    await one.backfill.first()
    const kept = one.kept('up').get('up')!
    expect(kept).toHaveLength(a.samples.length)
    expect(kept.map(([, value]) => value)).toEqual(a.samples.map(([, value]) => Number(value)))
    expect(new Set(prometheus.of('query_range').map((form) => form.get('step')))).toEqual(new Set(['30']))
  })

  test('that was fetched is not fetched again after a restart, only what is missing since', async () => {
    const folder = temporaryFolder()
    const a = served({ __name__: 'up' }, 10)
    prometheus.series = [{ ...a, samples: a.samples.slice(0, -480) }]
    const first = stand({ folder })
    await first.backfill.first()
    expect(JSON.parse(readFileSync(`${folder}/prom.history.json`, 'utf8'))).toEqual({
      version: 1,
      selectors: { '{__name__="up"}': NOW },
    })
    // Two hours later, as far as the file goes.
    writeFileSync(
      `${folder}/prom.history.json`,
      JSON.stringify({ version: 1, selectors: { '{__name__="up"}': NOW - 2 * HOUR - 1 } }),
    )
    prometheus.series = [a]
    const second = stand({ folder, store: first.store })
    await second.backfill.first()
    expect(second.backfill.state()).toMatchObject({ fetched: 480, refused: 0 })
    expect(second.kept('up').get('up')).toEqual(all(a))
  })

  test('that was lost behind its mark is fetched again', async () => {
    const folder = temporaryFolder()
    const a = served({ __name__: 'up' }, 10)
    prometheus.series = [a]
    await stand({ folder }).backfill.first()
    const second = stand({ folder })
    await second.backfill.first()
    expect(second.kept('up').get('up')).toEqual(all(a))
  })

  test('is fetched once more when that is asked for, and what is there stays', async () => {
    prometheus.series = [served({ __name__: 'up' }, 2)]
    const one = stand()
    await one.backfill.first()
    const before = one.kept('up')
    one.backfill.start(true)
    await until('it is done', () => one.backfill.state().fetched === 960)
    expect(one.kept('up')).toEqual(before)
  })

  test('waits outside while the engine is busy', async () => {
    prometheus.series = [served({ __name__: 'up' }, 1)]
    const one = stand()
    one.busy = 1
    await one.backfill.first()
    expect(one.kept('up').get('up')).toHaveLength(240)
  })

  test('has what the server knows of a metric: type, unit, help', async () => {
    prometheus.series = [
      served({ __name__: 'a_total' }, 1),
      served({ __name__: 'b_bucket', le: '1' }, 1),
      served({ __name__: 'c' }, 1),
    ]
    prometheus.metadata = {
      a: [{ type: 'counter', unit: 's', help: 'So many.' }],
      b: [{ type: 'histogram', unit: '', help: 'Spread.' }],
    }
    const one = stand({ wishes: [forecast('a_total'), forecast('b_bucket'), forecast('c')] })
    await one.backfill.first()
    expect(one.store.metadata()).toEqual([
      { name: 'a_total', type: 'counter', unit: 's', help: 'So many.' },
      { name: 'b_bucket', type: 'counter', unit: '', help: 'Spread.' },
      { name: 'c', type: 'unknown', unit: '', help: '' },
    ])
  })

  test('of native histograms becomes exponential rows; those with bounds of their own are skipped and counted', async () => {
    const shown = (buckets: unknown[]) => ({ count: '7', sum: '20', buckets })
    const standard = shown([
      [3, '-0.001', '0.001', '1'],
      [0, '1', '2', '4'],
      [0, '4', '8', '2'],
    ])
    const custom = shown([
      [0, '1', '2', '4'],
      [0, '2', '10', '3'],
    ])
    prometheus.series = [
      {
        labels: { __name__: 'h' },
        samples: [],
        histograms: [
          [NOW - HOUR, standard],
          [NOW - HOUR + 60_000, custom],
        ],
      },
    ]
    const one = stand({ wishes: [forecast('h')] })
    await one.backfill.first()
    expect(one.backfill.state()).toMatchObject({ fetched: 2, skipped: 1 })
  })

  test('of two selectors that find the same series comes once', async () => {
    prometheus.series = [served({ __name__: 'up', job: 'a' }, 1), served({ __name__: 'up', job: 'b' }, 1)]
    const one = stand({ wishes: [forecast('up{job="a"}'), forecast('up')] })
    await one.backfill.first()
    expect(one.backfill.state()).toMatchObject({ selectors: 1, fetched: 480 })
  })

  test('of more series than are allowed is left out, and that is said', async () => {
    prometheus.series = Array.from({ length: 5 }, (_, i) => served({ __name__: 'up', i: String(i) }, 1))
    const one = stand({ settings: { series: 4 } })
    await one.backfill.first()
    expect(one.kept('up').size).toBe(0)
    expect(one.warnings[0]).toContain('history.series')
  })
})

describe('an upstream', () => {
  test('that is away keeps nobody waiting, and may be asked again', async () => {
    await prometheus.stop()
    const one = stand()
    await one.backfill.first()
    expect(one.backfill.state()).toMatchObject({ state: 'waiting', trouble: expect.stringMatching(/./) })
    await prometheus.start()
    prometheus.series = [served({ __name__: 'up' }, 1)]
    one.backfill.start(false)
    await until('it is done', () => one.backfill.state().state === 'done')
    expect(one.kept('up').get('up')).toHaveLength(240)
  })

  test('that refuses us is told of, with what it says', async () => {
    prometheus.refuse = () => ({ status: 401, body: 'who are you' })
    const one = stand()
    await one.backfill.first()
    expect(one.backfill.state()).toMatchObject({
      state: 'waiting',
      trouble: expect.stringContaining('401: who are you'),
    })
    expect(one.warnings).toEqual(['history cannot be fetched; it is tried again'])
  })

  test('that is overloaded for a moment is given time', async () => {
    prometheus.series = [served({ __name__: 'up' }, 1)]
    prometheus.refuse = (path, _, count) => (path === 'query' && count < 5 ? { status: 429, body: '' } : undefined)
    const one = stand()
    await one.backfill.first()
    expect(one.kept('up').get('up')).toHaveLength(240)
  })

  test('without metadata gives history all the same', async () => {
    prometheus.series = [served({ __name__: 'up' }, 1)]
    prometheus.refuse = (path) => (path === 'metadata' ? failure(404, 'not_found', 'no') : undefined)
    const one = stand()
    await one.backfill.first()
    expect(one.kept('up').size).toBe(1)
  })

  test('that is slow holds nobody longer than was said', async () => {
    prometheus.series = [served({ __name__: 'up' }, 24)]
    const one = stand({ settings: { wait: '50ms', rate: 2, samples: 1000 } })
    await one.backfill.first()
    expect(one.backfill.state().state).toBe('running')
    expect(one.warnings).toEqual(['history is not all there yet; it goes on beside live data'])
    expect(() => one.backfill.start(false)).toThrow('being fetched')
  })
})
