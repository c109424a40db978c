import { beforeAll, describe, expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import type { QueryEngine, QueryResult } from '#core/ports/query-engine.ts'
import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import type { StoreLimits } from '#core/store/limits.ts'
import { Store } from '#core/store/store.ts'

import { createQueryEngine } from './engine.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DAYS = 12

function series(labels: Readonly<Record<string, string>>): SeriesDefinition {
  return { labels: Labels.of(labels), type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) }
}

/** Some days of two series, at times of their own that are on no grid. */
function filled(limits: Partial<StoreLimits>): Store {
  const store = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
  const ids = ['a', 'b'].map((host) => store.resolve(series({ __name__: 'x', host })))
  const random = seeded(7)
  const builder = new SampleBuilder()
  for (let hour = 0; hour < DAYS * 24; hour++) {
    builder.clear()
    for (let at = hour * HOUR; at < (hour + 1) * HOUR; at += MINUTE) {
      for (const id of ids) {
        const late_ms = 1 + Math.floor(random() * (MINUTE - 2))
        // Sums of these are exact in every order.
        if (random() < 0.9) builder.float(id, at + late_ms, Math.floor(random() * 1000))
      }
    }
    store.append(builder.batch())
  }
  return store
}

let whole: QueryEngine
let short: QueryEngine
let begin_ms: number
beforeAll(() => {
  const store = filled({ retention_ms: 2 * DAY, cache_bytes: 100_000 })
  begin_ms = store.extent([])!.from_ms
  whole = createQueryEngine({ readers: [filled({ retention_ms: Infinity })] })
  short = createQueryEngine({ readers: [store] })
})

function linesOf(result: QueryResult): unknown {
  if (result.type !== 'matrix') return result
  return result.series.map(({ labels, time_ms, value }) => [String(labels), [...time_ms], [...value]])
}

const ALL = { from_ms: DAY, to_ms: DAYS * DAY }

describe('where samples are gone', () => {
  test('there are some of them, and some are left', () => {
    expect(begin_ms).toBeGreaterThan(5 * DAY)
    expect(begin_ms).toBeLessThan((DAYS - 1) * DAY)
  })

  test.each([
    ['x', 5 * MINUTE],
    ['x', 20 * MINUTE],
    ['x', HOUR],
    ['sum(x offset 1d) > 700', HOUR],
    ['timestamp(x)', HOUR],
    ['min_over_time(x[5m])', 5 * MINUTE],
    ['max_over_time(x[1h])', HOUR],
    ['sum_over_time((x[2h]))', 30 * MINUTE],
    ['sum by (host) (count_over_time(x[1d]))', 6 * HOUR],
    ['avg_over_time(x[1h])', 5 * MINUTE],
    ['avg_over_time(x{host="a"}[1d] offset 1h)', DAY],
    ['last_over_time(x[30m])', 15 * MINUTE],
    ['present_over_time(x[10m])', 10 * MINUTE],
    ['max_over_time(sum(x)[6h:5m])', HOUR],
    ['max_over_time(x[1h]) - min_over_time(x[1h]) + count_over_time(x[1h])', HOUR],
    ['x @ 172800', DAY],
  ])('%s by %i ms is what the samples gave', async (expr, step_ms) => {
    const expected = linesOf(await whole.range(expr, { ...ALL, step_ms }))
    const seen = linesOf(await short.range(expr, { ...ALL, step_ms, rollups: true }))
    expect(seen).toEqual(expected)
  })

  test.each([
    ['what has to see each sample', 'rate(x[1h])', HOUR, ALL.from_ms],
    ['steps that are finer', 'x', MINUTE, ALL.from_ms],
    ['steps between the buckets', 'x', 5 * MINUTE, ALL.from_ms + MINUTE],
    ['windows that cut them', 'max_over_time(x[7m])', 5 * MINUTE, ALL.from_ms],
    ['an offset that cuts them', 'x offset 1m', 5 * MINUTE, ALL.from_ms],
    ['subqueries that look between them', 'max_over_time(x[1h:1m])', HOUR, ALL.from_ms],
  ])('%s gets no answer', async (_, expr, step_ms, from_ms) => {
    const to_ms = begin_ms - 3 * HOUR
    const result = await short.range(expr, {
      from_ms: Math.max(from_ms, to_ms - DAY - ((to_ms - from_ms) % step_ms)),
      to_ms,
      step_ms,
      rollups: true,
    })
    expect(result).toMatchObject({ series: [] })
  })

  test('who does not ask for rollups sees samples alone, as rules do', async () => {
    const to_ms = begin_ms - HOUR
    expect(await short.range('x', { ...ALL, to_ms, step_ms: HOUR })).toMatchObject({ series: [] })
    expect(await short.instant('x', 5 * DAY)).toMatchObject({ series: [] })
  })

  test('a query that needs too many buckets is refused before they are read', async () => {
    const small = createQueryEngine({
      readers: [filled({ retention_ms: 2 * DAY, cache_bytes: 100_000 })],
      limits: { samples: 3000 },
    })
    const asked = small.range('sum(max_over_time(x[5m]))', { ...ALL, step_ms: 12 * HOUR, rollups: true })
    await expect(asked).rejects.toThrow(/sample/)
  })
})

describe('where samples begin', () => {
  const from_ms = 10 * HOUR + 2 * MINUTE

  /** A series of a sample a second from two minutes past an hour on, without one, NaN and ended now and then. */
  function fresh(length_ms: number): QueryEngine {
    const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
    const id = store.resolve(series({ __name__: 'x' }))
    const builder = new SampleBuilder()
    for (let second = from_ms / 1000; second < (from_ms + length_ms) / 1000; second++) {
      if (second % 7 === 3) continue
      const isEnd = second % 300 > 290
      builder.float(id, second * 1000 + 500, isEnd ? Number.NaN : second % 11 === 0 ? Number.NaN : second % 101, isEnd)
    }
    store.append(builder.batch())
    return createQueryEngine({ readers: [store] })
  }

  test.each([
    ['x', 5 * MINUTE, 3 * HOUR],
    ['x', HOUR, 3 * HOUR],
    ['count_over_time(x[1h])', HOUR, 2 * HOUR],
    ['sum_over_time(x[1h])', HOUR, 70 * MINUTE],
    ['last_over_time(x[5m])', 5 * MINUTE, 50 * MINUTE],
    ['max_over_time(x[5m])', 5 * MINUTE, 40 * MINUTE],
  ])('%s by %i ms over %i ms sees all of them', async (expr, step_ms, length_ms) => {
    const engine = fresh(length_ms)
    for (const start_ms of [10 * HOUR, 11 * HOUR]) {
      const range = { from_ms: start_ms, to_ms: 14 * HOUR, step_ms }
      const expected = linesOf(await engine.range(expr, range))
      expect(linesOf(await engine.range(expr, { ...range, rollups: true }))).toEqual(expected)
    }
  })
})
