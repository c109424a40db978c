import { describe, expect, test, vi } from 'vitest'

import type { SeriesWriter } from '#core/ports/series-writer.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'

import { countingMeter, storeWith } from '../../testing/decoding.fixture.ts'
import { relabelRule } from '../relabel/relabel-schema.ts'
import { decoderWith, scrapedTarget } from '../testing/decoding.fixture.ts'

const HISTOGRAM = `# TYPE h histogram
h_bucket{a="b",le="0.5"} 1
h_bucket{a="b",le="1"} 3
h_bucket{a="b",le="+Inf"} 4
h_sum{a="b"} 2.5
h_count{a="b"} 4
`

// Each label and each part was compared with all before it: for minutes.
test.each([
  ['labels on a line', (n: number) => `a{${Array.from({ length: n }, (_, i) => `l${i}="1"`).join()}} 1\n`],
  [
    'buckets of a histogram',
    (n: number) =>
      `# TYPE h histogram\n${Array.from({ length: n }, (_, i) => `h_bucket{le="${i}"} 1\n`).join('')}h_sum 1\n`,
  ],
])('many %s hold nobody up', { timeout: 20_000 }, (_, pageOf) => {
  const { scrape } = scrapedTarget()
  expect(scrape(pageOf(60_000)).length).toBeLessThan(120_000)
})

describe('a page becomes samples', () => {
  test('with the labels of the target, at the time of the scrape or their own', () => {
    const { scrape, now_ms } = scrapedTarget()
    expect(scrape('# TYPE a counter\na{b="c"} 1\nd 2 1014000\n')).toEqual([
      'a{b="c"} counter  1',
      'd{} unknown  1014000 2',
    ])
    expect(now_ms()).toBe(1_015_000)
  })

  test('in the order of the page, and the same on every page after', () => {
    const { scrape } = scrapedTarget()
    expect(scrape('a 1\nb 2\n')).toEqual(['a{} unknown  1', 'b{} unknown  2'])
    expect(scrape('b 3\na 4\n')).toEqual(['b{} unknown  3', 'a{} unknown  4'])
  })

  test('with labels that the target has too under exported_, or winning where they are honoured', () => {
    const page = 'a{job="x",exported_job="y",instance=""} 1\n'
    expect(scrapedTarget().scrape(page)).toEqual(['a{exported_exported_job="x", exported_job="y"} unknown  1'])
    // An empty one wins too: the Pushgateway has it on what has no instance.
    expect(scrapedTarget({ honor_labels: true }).scrape(page)[0]).toContain('{exported_job="y", job="x"}')
  })

  test('at the time of the scrape where its own times are not honoured', () => {
    expect(scrapedTarget({ honor_timestamps: false }).scrape('d 2 1\n')).toEqual(['d{} unknown  2'])
  })

  test('relabelled: what is dropped is counted as scraped only', () => {
    const rules = [
      relabelRule.parse({ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }),
      relabelRule.parse({ source_labels: ['b'], target_label: 'd', action: 'uppercase' }),
    ]
    const { scrape, report } = scrapedTarget({ metric_relabel_configs: rules })
    expect(scrape('go_x 1\na{b="c"} 2\n')).toEqual(
      ['a{b="c", d="C"} unknown  2'].map((line) => line.replace(', d', ', d')),
    )
    expect(report()).toMatchObject({ scrape_samples_scraped: 2, scrape_samples_post_metric_relabeling: 1 })
    expect(scrape('go_x 1\n')).toEqual(['a{b="c", d="C"} unknown  stale'])
  })

  test('not at all where relabelling takes every label', () => {
    const { scrape, report } = scrapedTarget({
      metric_relabel_configs: [relabelRule.parse({ action: 'labelkeep', regex: 'none' })],
    })
    expect(scrape('a 1\nb 2\n')).toEqual([])
    expect(report()).toMatchObject({ up: 1, scrape_samples_scraped: 2, scrape_samples_post_metric_relabeling: 0 })
  })

  test('of summaries with quantiles as Prometheus writes them', () => {
    expect(scrapedTarget().scrape('# TYPE s summary\ns{quantile="1"} 2\ns_sum 3\n')).toEqual([
      expect.stringContaining('quantile="1.0"'),
      's_sum{} summary  3',
    ])
  })
})

describe('a classic histogram', () => {
  test('is one row, its buckets not cumulative', () => {
    const { scrape, report } = scrapedTarget()
    expect(scrape(HISTOGRAM)).toEqual(['h{a="b"} histogram  le [0.5,1] 4 2.5 [1,2,1]'])
    expect(report()).toMatchObject({ scrape_samples_scraped: 5, scrape_series_added: 5, up: 1 })
    expect(scrape(HISTOGRAM.replace('4\nh_sum', '6\nh_sum').replace('h_count{a="b"} 4', 'h_count{a="b"} 6'))).toEqual([
      'h{a="b"} histogram  le [0.5,1] 6 2.5 [1,2,3]',
    ])
    expect(report()).toMatchObject({ scrape_series_added: 0 })
  })

  test('is one row in any order, and without sum', () => {
    const page = '# TYPE h histogram\nh_count 4\nh_bucket{le="+Inf"} 4\nh_bucket{le="1e-1"} 1\n'
    expect(scrapedTarget().scrape(page)).toEqual(['h{} histogram  le [0.1] 4 NaN [1,3]'])
  })

  test('has an infinite bound however that is written', () => {
    for (const bound of ['Inf', '+inf', 'infinity']) {
      const page = HISTOGRAM.replace('le="+Inf"', `le="${bound}"`)
      expect(scrapedTarget().scrape(page)).toEqual(['h{a="b"} histogram  le [0.5,1] 4 2.5 [1,2,1]'])
    }
  })

  test('may have a time of its own, and several points on a page', () => {
    const at = (ms: number) =>
      HISTOGRAM.split('\n')
        .slice(1, -1)
        .map((line) => `${line} ${ms}\n`)
        .join('')
    const page = `# TYPE h histogram\n${at(1000)}${at(2000)}`
    expect(scrapedTarget().scrape(page)).toEqual([
      'h{a="b"} histogram  1000 le [0.5,1] 4 2.5 [1,2,1]',
      'h{a="b"} histogram  2000 le [0.5,1] 4 2.5 [1,2,1]',
    ])
  })

  test.each([
    ['buckets', HISTOGRAM.replace('le="1"} 3', 'le="1"} 0')],
    ['buckets', HISTOGRAM.replace('le="1"} 3', 'le="1"} NaN')],
    ['count', HISTOGRAM.replace('h_count{a="b"} 4', 'h_count{a="b"} 5')],
    ['count', HISTOGRAM.replace(/h_count.*\n/, '')],
    ['bounds', HISTOGRAM.replace('le="+Inf"', 'le="5"')],
    ['bounds', HISTOGRAM.replace('le="1"', 'le="x"')],
    ['sum', HISTOGRAM.replace('h_sum{a="b"} 2.5', 'h_sum{a="b"} NaN')],
    ['times', HISTOGRAM.replace('h_sum{a="b"} 2.5', 'h_sum{a="b"} 2.5 7')],
  ])('whose parts do not fit (%s) stays plain series, counted', (reason, page) => {
    const meter = countingMeter()
    const { scrape, report } = scrapedTarget({}, { meter, store: storeWith() })
    const lines = scrape(page)
    const samples = page.match(/^h_/gm)!.length
    expect(lines).toHaveLength(samples)
    expect(lines.every((line) => line.startsWith('h_'))).toBe(true)
    expect(meter.counts[`barograph.collector.scrape.plain_histograms{reason=${reason}}`]).toBe(1)
    expect(report()).toMatchObject({ up: 1, scrape_samples_scraped: samples })
  })

  test('keeps the first of two equal bounds, and tells of the other', () => {
    const { decoder, store } = scrapedTarget()
    const body = Buffer.from(HISTOGRAM.replace('le="1"', 'le="5e-1"'))
    const signals = atOnce(decoder.decode({ time_ms: 1, duration_s: 0, page: { body, format: 'text' } }, store))
    expect([...signals.samples.histograms.buckets]).toEqual([1, 3])
    expect(signals).toMatchObject({ rejected: 1, message: 'h_bucket stands twice on the page for one time' })
  })

  test('that changes between both forms has no gap: nothing is marked stale', () => {
    const { scrape } = scrapedTarget()
    const broken = HISTOGRAM.replace('le="1"} 3', 'le="1"} 0')
    expect(scrape(HISTOGRAM)).toHaveLength(1)
    expect(scrape(broken).filter((line) => line.includes('stale'))).toEqual([])
    expect(scrape(HISTOGRAM)).toEqual(['h{a="b"} histogram  le [0.5,1] 4 2.5 [1,2,1]'])
    expect(scrape('')).toEqual(['h{a="b"} histogram  le [0.5,1] stale'])
  })

  test('that gets another bucket becomes another row of the same labels, and the one before ends', () => {
    const { scrape, now_ms, store } = scrapedTarget()
    scrape(HISTOGRAM)
    const wider = HISTOGRAM.replace('h_bucket{a="b",le="1"} 3', 'h_bucket{a="b",le="1"} 3\nh_bucket{a="b",le="2"} 4')
    expect(scrape(wider)).toEqual([
      `h{a="b"} histogram  ${now_ms() - 1} le [0.5,1] stale`,
      'h{a="b"} histogram  le [0.5,1,2] 4 2.5 [1,2,1,0]',
    ])
    expect(scrape(wider)).toEqual(['h{a="b"} histogram  le [0.5,1,2] 4 2.5 [1,2,1,0]'])
    expect(scrape(HISTOGRAM)).toEqual([
      `h{a="b"} histogram  ${now_ms() - 1} le [0.5,1,2] stale`,
      'h{a="b"} histogram  le [0.5,1] 4 2.5 [1,2,1]',
    ])
    // Whoever asks sees the bucket end, and the others go on.
    const ends = store.select([{ name: '__name__', op: '=~', value: 'h_.*' }], { from_ms: 0, to_ms: 1e9 })
    expect(ends.map(({ labels, stale }) => [labels.name + labels.get('le'), stale.at(-1)])).toEqual([
      ['h_bucket+Inf', 0],
      ['h_bucket0.5', 0],
      ['h_bucket1.0', 0],
      ['h_bucket2.0', 1],
      ['h_count', 0],
      ['h_sum', 0],
    ])
  })

  test.each([
    ['a bucket, and is plain series now', HISTOGRAM.replace(/.*Inf.*\n/, ''), 'h_bucket', '+Inf'],
    ['all buckets', HISTOGRAM.replaceAll(/.*_bucket.*\n/g, ''), 'h_bucket', '0.5'],
    ['its sum', HISTOGRAM.replace(/.*_sum.*\n/, ''), 'h_sum', ''],
  ])('that loses %s: what is gone has ended, and the rest goes on', (_, page, name, le) => {
    const { scrape, store } = scrapedTarget()
    scrape(HISTOGRAM)
    scrape(page)
    const ends = store.select([{ name: '__name__', op: '=~', value: 'h_.*' }], { from_ms: 0, to_ms: 1e9 })
    const here = ends.filter(({ labels }) => labels.name === name && labels.get('le') === le)
    expect(here.map(({ stale }) => stale.at(-1))).toEqual([1])
    expect(ends.filter(({ stale }) => stale.at(-1) === 0).length).toBe(page.match(/^h_/gm)!.length)
  })

  test('that a limit of the store refuses as a row stays plain series', () => {
    const { scrape } = scrapedTarget({}, { store: storeWith({ buckets: 2 }) })
    expect(scrape(HISTOGRAM)).toHaveLength(5)
  })

  test('with exemplars: they belong to the row, and are told once', () => {
    const page = `${HISTOGRAM.replace('le="1"} 3', 'le="1"} 3 # {trace_id="t"} 0.7 1014.5')}# EOF\n`
    const { decoder, store } = scrapedTarget()
    const exemplars = () => {
      const body = Buffer.from(page)
      const { samples } = atOnce(
        decoder.decode({ time_ms: 1, duration_s: 0, page: { body, format: 'openmetrics' } }, store),
      )
      return samples.exemplars.map(({ series, time_ms, value, labels }) => {
        return [store.definition(series).labels.name, time_ms, value, labels.get('trace_id')]
      })
    }
    expect(exemplars()).toEqual([['h', 1_014_500, 0.7, 't']])
    expect(exemplars()).toEqual([])
  })

  test('with exemplars beside times of its own', () => {
    const timed = HISTOGRAM.replaceAll(/^(h_.*)$/gm, '$1 1014')
    const body = Buffer.from(`${timed.replace('3 1014', '3 1014 # {trace_id="t"} 0.7')}# EOF\n`)
    const { decoder, store } = scrapedTarget()
    const page = { body, format: 'openmetrics' } as const
    const { samples } = atOnce(decoder.decode({ time_ms: 1, duration_s: 0, page }, store))
    expect(samples.exemplars.map(({ series }) => store.definition(series).labels.name)).toEqual(['h'])
  })
})

describe('what is gone is marked stale', () => {
  test('once, and comes back when it does', () => {
    const { scrape, report } = scrapedTarget()
    scrape('a 1\nb 2\n')
    expect(scrape('a 1\n')).toEqual(['a{} unknown  1', 'b{} unknown  stale'])
    expect(scrape('a 1\n')).toEqual(['a{} unknown  1'])
    expect(scrape('a 1\nb 2\n')).toEqual(['a{} unknown  1', 'b{} unknown  2'])
    expect(report()).toMatchObject({ scrape_series_added: 1 })
  })

  test('all of it where there is no page, or one that cannot be read: nothing of that counts', () => {
    const { scrape, report, decoder } = scrapedTarget()
    scrape(`a 1\n${HISTOGRAM}`)
    expect(report()).toEqual({
      up: 1,
      scrape_duration_seconds: 0.25,
      scrape_samples_scraped: 6,
      scrape_samples_post_metric_relabeling: 6,
      scrape_series_added: 6,
    })
    expect(scrape(undefined)).toEqual(['a{} unknown  stale', 'h{a="b"} histogram  le [0.5,1] stale'])
    expect(report()).toMatchObject({ up: 0, scrape_samples_scraped: 0 })
    expect(decoder.error).toBe('refused')
    expect(scrape('c 1\na 2\n')).toHaveLength(2)
    expect(scrape('d 1\na 3\nx{\n').toSorted()).toEqual(['a{} unknown  stale', 'c{} unknown  stale'])
    expect(decoder.error).toBe('line 3: the labels of a series do not end')
    expect(scrape('a 4\n')).toEqual(['a{} unknown  4'])
  })

  test('samples with times of their own are not followed, unless that is wanted', () => {
    const { scrape } = scrapedTarget()
    scrape('a 1 1014000\n')
    expect(scrape('')).toEqual([])
    const tracked = scrapedTarget({ track_timestamps_staleness: true })
    tracked.scrape('a 1 1014000\n')
    expect(tracked.scrape('')).toEqual(['a{} unknown  stale'])
  })

  test('again, where the marks could not be stored', () => {
    const { scrape, lose } = scrapedTarget()
    scrape('a 1\nb 2\n')
    lose('a 1\nc 1\n')
    expect(scrape('a 1\n')).toEqual(['a{} unknown  1', 'b{} unknown  stale'])
  })

  test('all of it, with what tells of the scrapes, when the target goes', () => {
    const { scrape, decoder, store } = scrapedTarget()
    scrape('a 1\n')
    const { samples } = atOnce(decoder.end(2_000_000, store))
    expect([...samples.floats.stale]).toEqual([1, 1, 1, 1, 1, 1])
  })
})

describe('limits', () => {
  test.each([
    [{ sample_limit: 1 }, 'sample_limit'],
    [{ label_limit: 3 }, 'label_limit'],
    [{ label_name_length_limit: 8 }, 'label_name_length_limit'],
    [{ label_value_length_limit: 7 }, 'label_value_length_limit'],
  ])('of the job fail the scrape: %j', (limits, name) => {
    const { scrape, decoder, report } = scrapedTarget(limits)
    expect(scrape('a{bbbbbbbbb="cccccccc"} 1\nb 2\n')).toEqual([])
    expect(decoder.error).toContain(name)
    expect(report()).toMatchObject({ up: 0 })
  })

  test('of samples tell how many there were, and the store hears of none beyond', () => {
    const { scrape, decoder, report, store } = scrapedTarget({
      sample_limit: 2,
      metric_relabel_configs: [relabelRule.parse({ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' })],
    })
    expect(scrape('a 1\nb 2\ngo_x 1\n')).toHaveLength(2)
    const page = 'c 1\na 2\ngo_y 2\nd 3\nb 4\n'
    for (let again = 0; again < 2; again++) {
      scrape(page)
      expect(decoder.error).toBe('4 samples; sample_limit is 2')
      expect(report()).toMatchObject({
        up: 0,
        scrape_samples_scraped: 5,
        scrape_samples_post_metric_relabeling: 4,
      })
    }
    expect(store.select([{ name: '__name__', op: '=', value: 'd' }], { from_ms: 0, to_ms: 1e9 })).toEqual([])
    expect(scrape('a 5\nb 6\n')).toHaveLength(2)
  })

  test('of the store refuse new series one by one, and are told', () => {
    const meter = countingMeter()
    const { decoder, store } = scrapedTarget({}, { store: storeWith({ series: 2 }), meter })
    const body = Buffer.from('a 1\nb 2\nc 3\n')
    const signals = atOnce(decoder.decode({ time_ms: 1, duration_s: 0, page: { body, format: 'text' } }, store))
    expect(signals.samples.floats).toHaveLength(2)
    expect(signals).toMatchObject({ rejected: 2, message: 'there are too many series: limits.series is 2' })
    expect(meter.counts['barograph.collector.scrape.samples{}']).toBe(2)
  })

  test('series that come and go are forgotten', () => {
    const { scrape } = scrapedTarget()
    for (let i = 0; i < 300; i++) {
      const stale = i === 0 ? [] : [`a{b="${i - 1}"} unknown  stale`]
      expect(scrape(`a{b="${i}"} 1\n`)).toEqual([`a{b="${i}"} unknown  1`, ...stale])
    }
    expect(scrape('a{b="0"} 1\n')).toContain('a{b="0"} unknown  1')
    expect(scrape('')).toEqual(['a{b="0"} unknown  stale'])
  })
})

test('a broken rule of OpenMetrics is counted, and fails the scrape where that is wanted', () => {
  const page = '# TYPE a counter\na_total -1\n# EOF\n'
  const meter = countingMeter()
  const { scrape, decoder } = scrapedTarget({}, { meter, store: storeWith() })
  expect(scrape(page, 'openmetrics')).toEqual(['a_total{} counter  -1'])
  expect(decoder.brokenRule).toBe('a value is below zero')
  expect(meter.counts['barograph.collector.scrape.broken_rules{rule=a value is below zero}']).toBe(1)
  const strict = scrapedTarget({ strict: true })
  expect(strict.scrape(page, 'openmetrics')).toEqual([])
  expect(strict.decoder.error).toBe('line 2: a value is below zero')
})

test('a series that the store has let go is resolved again', () => {
  const store = storeWith()
  let gone = -1
  const writer: SeriesWriter = {
    resolve: (definition) => store.resolve(definition),
    definition: (id) => store.definition(id),
    newest: (id) => store.newest(id),
    append: (batch) => store.append(batch),
    generation: 0,
    isLive: (id) => id !== gone,
  }
  const decoder = decoderWith()
  const resolve = vi.spyOn(writer, 'resolve')
  const ids = (page: string) => {
    const fetched = { body: Buffer.from(page), format: 'text' } as const
    return [...atOnce(decoder.decode({ time_ms: 1, duration_s: 0, page: fetched }, writer)).samples.floats.series]
  }
  const [a, b] = ids('a 1\nb 1\n')
  resolve.mockClear()
  ids('a 2\nb 2\n')
  expect(resolve).not.toHaveBeenCalled()
  gone = b!
  const next: SeriesWriter = Object.assign(writer, { generation: 1 })
  expect(next.generation).toBe(1)
  expect(ids('a 3\n').slice(0, 1)).toEqual([a])
  expect(resolve.mock.calls.map(([{ labels }]) => labels.name)).not.toContain('a')
  // What has no samples any more is not marked stale either.
  expect(ids('a 4\n')).not.toContain(b)
})

test('another store gets series of its own', () => {
  const decoder = decoderWith({ labels: Labels.of({ job: 'a' }) })
  const page = { body: Buffer.from('a 1\n'), format: 'text' } as const
  for (const store of [storeWith(), storeWith()]) {
    const { samples } = atOnce(decoder.decode({ time_ms: 1, duration_s: 0, page }, store))
    expect([...samples.floats.series].map((id) => store.definition(id).labels.name)).toContain('a')
  }
})

test('however many series are gone at once, some thousand of them end in a step', () => {
  const COUNT = 20_000
  const decoder = decoderWith()
  const store = storeWith()
  const page = (text: string) => ({ body: Buffer.from(text), format: 'text' as const })
  const all = Array.from({ length: COUNT }, (_, i) => `m{i="${i}"} 1\n`).join('')
  atOnce(decoder.decode({ time_ms: 1000, duration_s: 0, page: page(all) }, store))
  for (const next of [page('a 1\n'), page(all), { error: 'refused' }]) {
    const added = vi.spyOn(SampleBuilder.prototype, 'float')
    const steps = decoder.decode({ time_ms: 2000, duration_s: 0, page: next }, store)
    let [most, ended] = [0, 0]
    for (let done: boolean | undefined = false; done !== true;) {
      added.mockClear()
      done = steps.next().done
      most = Math.max(most, added.mock.calls.length)
      ended += added.mock.calls.filter(([, , , stale]) => stale === true).length
    }
    vi.restoreAllMocks()
    expect(most).toBeLessThan(5000)
    expect(ended).toBe('format' in next && next.body.length > 10 ? 1 : COUNT)
  }
})
