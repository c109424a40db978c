// Rules whose results are native histograms.
import { describe, expect, test } from 'vitest'

import { boundsOfShape } from '#core/exponential.ts'
import type { ResultSeries } from '#core/ports/query-engine.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'

import { MINUTE, SECOND, Stand, START } from './stand.ts'

const STEP = 30 * SECOND
const RULES = `
groups:
  - name: g
    interval: 30s
    rules:
      - {record: r, expr: 'sum without (instance) (rate(h[2m]))', labels: {by: rule}}
      - {record: doubled, expr: 'r * 2'}
`

function latency(instance: string, offset: number): SeriesDefinition {
  const bounds = boundsOfShape({
    schema: 2,
    zero_threshold: 2 ** -128,
    positive_offset: offset,
    positive_count: 4,
    negative_offset: 0,
    negative_count: 0,
  })
  const labels = Labels.of({ __name__: 'h', job: 'shop', instance })
  return { labels, type: 'histogram', unit: 's', help: '', kind: 'exponential', bounds }
}

/** Two instances count up to minute `until`, then they end. */
function feed(stand: Stand, until: number): void {
  const ids = [latency('a', 0), latency('b', 16)].map((one) => stand.store.resolve(one))
  const batch = new SampleBuilder()
  for (let step = 0; step <= until * 2; step++) {
    const time_ms = START + step * STEP
    for (const [i, series] of ids.entries()) {
      const buckets = [0, step, 2 * step, 3 * step * (i + 1), step]
      const count = buckets.reduce((sum, one) => sum + one, 0)
      batch.histogram({ series, time_ms, sum: count * 1.5, count, buckets, stale: step === until * 2 })
    }
  }
  stand.store.append(batch.batch())
  stand.engine.observed(START, stand.now_ms)
}

async function at(stand: Stand, expr: string, minute: number): Promise<readonly ResultSeries[]> {
  const result = await stand.query.instant(expr, START + minute * MINUTE)
  return result.type === 'vector' ? result.series : []
}

async function recorded(until: number): Promise<Stand> {
  const stand = new Stand({ rules: RULES })
  stand.now_ms = START + (until + 6) * MINUTE
  feed(stand, until)
  // What ended in the past is waited for.
  await stand.run(START + (until + 12) * MINUTE)
  return stand
}

describe('a native histogram', () => {
  test('is recorded as one: what is asked of it is what is asked of its expression', async () => {
    const stand = await recorded(20)
    for (const minute of [3, 10, 19]) {
      const [own] = await at(stand, 'r', minute)
      const [direct] = await at(stand, 'sum without (instance) (rate(h[2m]))', minute)
      expect(own!.labels.toJSON()).toEqual({ __name__: 'r', job: 'shop', by: 'rule' })
      expect(own!.histograms![0]!.value.count).toBeCloseTo(direct!.histograms![0]!.value.count, 9)
      expect(own!.histograms![0]!.value.buckets.length).toBe(direct!.histograms![0]!.value.buckets.length)
      for (const what of ['histogram_quantile(0.9, X)', 'histogram_avg(X)', 'histogram_count(X) * 2']) {
        const [one] = await at(stand, what.replace('X', 'r'), minute)
        const [other] = await at(stand, what.replace('X', 'sum without (instance) (rate(h[2m]))'), minute)
        expect([what, one!.value[0]]).toEqual([what, expect.closeTo(other!.value[0]!, 9)])
      }
      const [twice] = await at(stand, 'histogram_count(doubled) / on (job) histogram_count(r)', minute)
      expect(twice!.value[0]).toBeCloseTo(2, 9)
    }
    expect(stand.engine.groups()[0]!.rules.map(({ health }) => health)).toEqual(['ok', 'ok'])
  })

  test('ends where its expression has it no more', async () => {
    const stand = await recorded(10)
    expect(await at(stand, 'r', 10.5)).toHaveLength(1)
    expect(await at(stand, 'r', 13)).toEqual([])
  })

  test('ends also after a restart in between', async () => {
    const stand = new Stand({ rules: RULES })
    stand.now_ms = START + 10 * MINUTE
    feed(stand, 20)
    await stand.run(START + 10 * MINUTE + 30 * SECOND)
    const saved = stand.engine.save()
    stand.setRules(RULES.replaceAll('h[2m]', 'gone[2m]'))
    stand.engine.load(saved)
    await stand.run(START + 16 * MINUTE)
    expect(await at(stand, 'r', 10)).toHaveLength(1)
    expect(await at(stand, 'r', 15)).toEqual([])
  })
})
