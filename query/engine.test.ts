import { expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import type { QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import { Labels } from '#core/series.ts'

import { createQueryEngine, type QueryEngineOptions } from './index.ts'
import type { MemoryReader } from './script/memory-reader.ts'
import { MINUTE, minutes } from './testing/minutes.fixture.ts'

function engine(options: Partial<QueryEngineOptions>, ...lines: string[]) {
  return createQueryEngine({ readers: [minutes(...lines)], ...options })
}

function seriesOf(result: QueryResult): readonly ResultSeries[] {
  if (result.type !== 'vector' && result.type !== 'matrix') throw new Error(`got ${result.type}`)
  return result.series
}

function shown(result: QueryResult): string[] {
  return seriesOf(result).map(({ labels, value }) => `${String(labels)} ${[...value].join(' ')}`)
}

test('an instant selector takes the newest sample of the last five minutes, not one exactly as old', async () => {
  const queries = engine({}, 'm 1')
  expect(shown(await queries.instant('m', 5 * MINUTE - 1))).toEqual(['m 1'])
  expect(shown(await queries.instant('m', 5 * MINUTE))).toEqual([])
  expect(shown(await queries.instant('m', 5 * MINUTE, { lookback_ms: 6 * MINUTE }))).toEqual(['m 1'])
})

test('a series ends at its stale marker at once', async () => {
  const queries = engine({}, 'm 1 stale')
  expect(shown(await queries.range('m', { from_ms: 0, to_ms: 2 * MINUTE, step_ms: 30_000 }))).toEqual(['m 1 1'])
})

test('a range query gives only the steps that have a value', async () => {
  const result = await engine({}, 'm{a="b"} 1 _ _ _ _ _ 7').range('m', {
    from_ms: 0,
    to_ms: 6 * MINUTE,
    step_ms: 2 * MINUTE,
  })
  const [series] = seriesOf(result)
  expect([...series!.time_ms]).toEqual([0, 2 * MINUTE, 4 * MINUTE, 6 * MINUTE])
  const gap = await engine({}, 'm 1 _ _ _ _ _ _ 7').range('m', { from_ms: 0, to_ms: 7 * MINUTE, step_ms: MINUTE })
  expect([...seriesOf(gap)[0]!.value]).toEqual([1, 1, 1, 1, 1, 7])
})

test('a scalar is a scalar now, and a series without labels over a range', async () => {
  const queries = engine({})
  expect(await queries.instant('1 + 1', 4000)).toMatchObject({ type: 'scalar', time_ms: 4000, value: 2 })
  expect(shown(await queries.range('time()', { from_ms: 1000, to_ms: 3000, step_ms: 1000 }))).toEqual(['{} 1 2 3'])
  expect(await queries.instant('"a"', 0)).toMatchObject({ type: 'string', value: 'a' })
})

test('results are ordered by labels, unless the expression sorts', async () => {
  const queries = engine({}, 'm{a="1"} 5', 'm{a="2"} 9', 'm{a="0"} 7')
  expect(shown(await queries.instant('m', 0))).toEqual(['m{a="0"} 7', 'm{a="1"} 5', 'm{a="2"} 9'])
  expect(shown(await queries.instant('sort_desc(m)', 0))).toEqual(['m{a="2"} 9', 'm{a="0"} 7', 'm{a="1"} 5'])
  expect(shown(await queries.instant('bottomk(2, m)', 0))).toEqual(['m{a="1"} 5', 'm{a="0"} 7'])
})

test('two readers are one source; the same series in both is refused', async () => {
  const past = minutes('m{a="past"} 1')
  const future = minutes('m{a="future"} 2')
  const queries = createQueryEngine({ readers: [past, future] })
  expect(shown(await queries.instant('m', 0))).toEqual(['m{a="future"} 2', 'm{a="past"} 1'])
  const doubled = createQueryEngine({ readers: [past, past] })
  await expect(doubled.instant('m', 0)).rejects.toMatchObject({ code: 'execution' })
})

test('a selector that is written twice is fetched once', async () => {
  const memory = minutes('m 1+1x10')
  let selects = 0
  const counting = new Proxy(memory, {
    get(target, name) {
      if (name !== 'select') return Reflect.get(target, name)
      return (...args: Parameters<MemoryReader['select']>) => {
        selects++
        return target.select(...args)
      }
    },
  })
  const queries = createQueryEngine({ readers: [counting] })
  await queries.range('rate(m[5m]) / max_over_time(m[10m]) + m', { from_ms: 0, to_ms: 10 * MINUTE, step_ms: MINUTE })
  expect(selects).toBe(1)
  await queries.instant('m - m offset 1d', 0)
  expect(selects).toBe(3)
})

test('limits are execution errors that name the limit', async () => {
  const lines = ['m{a="1"} 1x100', 'm{a="2"} 1x100']
  const refused = async (limits: QueryEngineOptions['limits'], expr: string): Promise<unknown> =>
    engine({ limits: limits! }, ...lines)
      .range(expr, { from_ms: 0, to_ms: 60 * MINUTE, step_ms: MINUTE })
      .catch((error: unknown) => error)
  expect(await refused({ samples: 50 }, 'm')).toMatchObject({
    code: 'execution',
    message: expect.stringContaining('too many samples'),
  })
  expect(await refused({ series: 1 }, 'm')).toMatchObject({
    code: 'execution',
    message: expect.stringContaining('limit 1'),
  })
  expect(await refused({ steps: 10 }, 'm')).toMatchObject({
    code: 'execution',
    message: expect.stringContaining('61 steps'),
  })
  expect(await refused({ steps: 100 }, 'max_over_time(m[1h:1s])')).toMatchObject({ code: 'execution' })
})

test('what would be too much is refused before any of it is read', async () => {
  let read = 0
  const large: SeriesReader = {
    select: () => [],
    labelSets: () => [],
    extent: () => null,
    metadata: () => [],
    *selecting(_, __, options) {
      options?.admit?.(1000, 1e12)
      read++
      yield { slices: [], read: 1 }
    },
  }
  const queries = createQueryEngine({ readers: [large], limits: { series: 1000 } })
  const options = { from_ms: 0, to_ms: 60 * MINUTE, step_ms: MINUTE }
  await expect(queries.range('rate(m[5m])', options)).rejects.toMatchObject({
    code: 'execution',
    message: expect.stringContaining('query processing would load too many samples into memory in query execution'),
  })
  const few = createQueryEngine({ readers: [large], limits: { series: 999 } })
  await expect(few.instant('m', 0)).rejects.toMatchObject({ message: 'query would touch 1000 series (limit 999)' })
  expect(read).toBe(0)
})

test('a query ends when its caller has gone or its time is up', async () => {
  const clock = new ManualClock()
  const queries = engine({ clock }, 'm 1')
  const gone = new AbortController()
  gone.abort()
  await expect(queries.instant('m', 0, { signal: gone.signal })).rejects.toMatchObject({ code: 'canceled' })
  const memory = minutes('m 1')
  const slow = new Proxy(memory, {
    get(target, name) {
      if (name === 'selecting') clock.advanceTo(2000)
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  const late = createQueryEngine({ readers: [slow], clock })
  await expect(late.instant('sum(m)', 0, { timeout_ms: 1000 })).rejects.toMatchObject({ code: 'timeout' })
})

test('a long query lets others have their turn', async () => {
  const lines = Array.from({ length: 100 }, (_, i) => `m{i="${i}"} 1x60`)
  let turns = 0
  let running = true
  const tick = (): void => {
    turns++
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
  await engine({}, ...lines).range('max_over_time(m[5m]) + rate(m[5m])', { from_ms: 0, to_ms: 3_600_000, step_ms: 500 })
  running = false
  expect(turns).toBeGreaterThan(2)
})

test('a range query wants steps forward', async () => {
  const queries = engine({})
  const range = { from_ms: 0, to_ms: 1000, step_ms: 1000 }
  await expect(queries.range('m', { ...range, step_ms: 0 })).rejects.toThrow('zero or negative query resolution step')
  await expect(queries.range('m', { ...range, to_ms: -1 })).rejects.toThrow(
    'end timestamp must not be before start time',
  )
  await expect(queries.range('m[5m]', range)).rejects.toThrow('invalid expression type "range vector" for range query')
})

test('inspect tells type, selectors with their reach, and whether a selector is all there is', () => {
  const queries = engine({})
  const reaches = (expr: string): number[] => queries.inspect(expr).selectors.map(({ reach_ms }) => reach_ms / MINUTE)
  expect(queries.inspect('sum(m)')).toMatchObject({ type: 'vector', plain: null })
  expect(queries.inspect('(m{a="b"})').plain).toEqual([
    { name: '__name__', op: '=', value: 'm' },
    { name: 'a', op: '=', value: 'b' },
  ])
  expect(queries.inspect('m offset 5m').plain).toBeNull()
  expect(reaches('m + rate(m[10m] offset 3m)')).toEqual([5, 13])
  expect(reaches('max_over_time(rate(m[5m] offset 1m)[1h:] offset 2m)')).toEqual([68])
  expect(reaches('m offset -10m')).toEqual([0])
  expect(reaches('m @ 0')).toEqual([Infinity])
  expect(queries.inspect('1').type).toBe('scalar')
})

test('matchers reads a selector and nothing else', () => {
  const queries = engine({})
  expect(queries.matchers('{a=~"b.*", c!="d"}')).toEqual([
    { name: 'a', op: '=~', value: 'b.*' },
    { name: 'c', op: '!=', value: 'd' },
  ])
  expect(() => queries.matchers('sum(m)')).toThrow('expected a series selector')
  expect(() => queries.matchers('m offset 5m')).toThrow('expected a series selector')
  expect(() => queries.matchers('m{')).toThrow('1:3: parse error')
})

test('@ fixes the time at which a selector looks, wherever the query is', async () => {
  const queries = engine({}, 'm 0+1x20')
  const range = { from_ms: 2 * MINUTE, to_ms: 4 * MINUTE, step_ms: MINUTE }
  expect(shown(await queries.range('m @ 600', range))).toEqual(['m 10 10 10'])
  expect(shown(await queries.range('m @ end() - m @ start() offset 1m', range))).toEqual(['{} 3 3 3'])
  expect(shown(await queries.range('sum_over_time(m[2m:1m] @ 600)', range))).toEqual(['{} 19 19 19'])
})

test('a match that is not unique says what it found', async () => {
  const queries = engine({}, 'a{x="1"} 1', 'a{x="2"} 2', 'b 3')
  await expect(queries.instant('b + on () a', 0)).rejects.toThrow(
    'found duplicate series for the match group {} on the right hand-side of the operation: ' +
      '[{__name__="a", x="1"}, {__name__="a", x="2"}];many-to-many matching not allowed',
  )
  await expect(queries.instant('a + on () b', 0)).rejects.toThrow('many-to-one matching must be explicit')
  await expect(queries.instant('a + on () group_left (x) b', 0)).rejects.toThrow(
    'grouping labels must ensure unique matches',
  )
})

test('histogram quantiles interpolate inside a bucket', async () => {
  const queries = engine({}, 'h_bucket{le="1"} 10', 'h_bucket{le="2"} 30', 'h_bucket{le="+Inf"} 40')
  expect(shown(await queries.instant('histogram_quantile(0.5, h_bucket)', 0))).toEqual(['{} 1.5'])
  expect(shown(await queries.instant('histogram_quantile(0.99, h_bucket)', 0))).toEqual(['{} 2'])
  expect((await queries.instant('histogram_quantile(2, h_bucket)', 0)).warnings).toEqual([
    'PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)',
  ])
})

test('a rate of what is not called like a counter is noted', async () => {
  const { infos } = await engine({}, 'm 1 2 3').instant('rate(m[5m])', 2 * MINUTE)
  expect(infos).toEqual([
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m" (1:6)',
  ])
})

test('metric names go with the value that they named, but only at the end', async () => {
  const queries = engine({}, 'a_total{x="1"} 0 60', 'b_total{x="1"} 0 120')
  await expect(queries.instant('rate({x="1"}[2m])', MINUTE)).rejects.toThrow(
    'vector cannot contain metrics with the same labelset',
  )
  expect(shown(await queries.instant('sum(rate({x="1"}[2m]))', MINUTE))).toHaveLength(1)
  const named = await queries.instant('label_replace(rate({x="1"}[2m]), "of", "$1", "__name__", "(.)_total")', MINUTE)
  expect(seriesOf(named).map(({ labels }) => labels)).toEqual([
    Labels.of({ of: 'a', x: '1' }),
    Labels.of({ of: 'b', x: '1' }),
  ])
})

test('a range selector gives its samples as they are', async () => {
  const result = await engine({}, 'm 1 2 stale 4').instant('m[3m]', 3 * MINUTE)
  expect(result.type).toBe('matrix')
  expect(seriesOf(result).map(({ time_ms, value }) => [[...time_ms], [...value]])).toEqual([
    [
      [MINUTE, 3 * MINUTE],
      [2, 4],
    ],
  ])
})

test('numbers are operated on as in PromQL', async () => {
  const queries = engine({})
  const values = await Promise.all(
    ['7 % -4', '1 ^ NaN', '-1 ^ Inf', '2 ^ -1', '1 atan2 1', '1 >= bool 1', '3 != bool 3', '2 < bool 1', '1 / 0'].map(
      async (expr) => (await queries.instant(expr, 0)) as Extract<QueryResult, { type: 'scalar' }>,
    ),
  )
  expect(values.map(({ value }) => value)).toEqual([3, 1, -1, 0.5, Math.PI / 4, 1, 0, 0, Infinity])
})

test('count_values writes numbers out in full', async () => {
  const queries = engine({}, 'm{a="1"} 1e21', 'm{a="2"} 1.5e-7', 'm{a="3"} -Inf', 'm{a="4"} 12.5')
  const values = seriesOf(await queries.instant('count_values("v", m)', 0)).map(({ labels }) => labels.get('v'))
  expect(values.toSorted()).toEqual(['-Inf', '0.00000015', '1000000000000000000000', '12.5'])
  await expect(queries.instant('count_values("\\xff", m)', 0)).rejects.toThrow('invalid label name "\\xff"')
})

test('averages do not overflow, and sums do not lose what is small', async () => {
  const queries = engine({}, 'm{a="1"} 1e308', 'm{a="2"} 1e308', 's{a="1"} 1', 's{a="2"} 1e100', 's{a="3"} -1e100')
  expect(shown(await queries.instant('avg(m)', 0))).toEqual(['{} 1e+308'])
  expect(shown(await queries.instant('sum(s)', 0))).toEqual(['{} 1'])
})

test('a rate reaches to the ends of its window, but not below zero', async () => {
  const queries = engine({}, 'a_total 100 160 220 280', 'b_total 10 70 130 190', 'c_total 5 65 5 65')
  expect(shown(await queries.instant('increase(a_total[4m])', 3 * MINUTE + 30_000))).toEqual(['{} 240'])
  const fromZero = await queries.instant('increase(b_total[4m])', 3 * MINUTE + 30_000)
  expect(seriesOf(fromZero)[0]!.value[0]).toBeCloseTo(220)
  expect(shown(await queries.instant('resets(c_total[4m])', 3 * MINUTE))).toEqual(['{} 1'])
  expect(shown(await queries.instant('irate(c_total[4m])', 2 * MINUTE))).toEqual([`{} ${5 / 60}`])
})

test('results stay as they are while later queries use what made them', async () => {
  const queries = engine({}, 'm{a="1"} 1+1x60', 'm{a="2"} 1+2x60', 'n 7x60')
  const range = { from_ms: 10 * MINUTE, to_ms: 50 * MINUTE, step_ms: MINUTE }
  const kept: (readonly [QueryResult, string[]])[] = []
  for (const source of ['m', 'm + 1', 'rate(m[5m])', 'm * on () group_left () n', 'sum(m)', 'topk(1, m)', 'm[5m]']) {
    const result = source.endsWith(']') ? await queries.instant(source, 0) : await queries.range(source, range)
    kept.push([result, shown(result)])
  }
  expect(kept.map(([result]) => shown(result))).toEqual(kept.map(([, before]) => before))
})

test('queries that run at the same time answer as each does alone', async () => {
  const lines = Array.from({ length: 200 }, (_, i) => `m{i="${i}"} ${i}+1x60`)
  const queries = engine({}, ...lines)
  const range = { from_ms: 10 * MINUTE, to_ms: 60 * MINUTE, step_ms: 10_000 }
  const sources = ['m', 'm + 1', 'sum by (i) (rate(m[5m]))', 'max_over_time(sum(m)[5m:1m])', 'm - m', 'm and (m > 100)']
  const alone: string[][] = []
  for (const source of sources) alone.push(shown(await queries.range(source, range)))
  const together = await Promise.all(sources.map(async (source) => shown(await queries.range(source, range))))
  expect(together).toEqual(alone)
})

test('what a query took is told: samples once for each step at which they were looked at', async () => {
  const queries = engine({}, 'm{a="1"} 1+1x60', 'm{a="2"} 1+1x60')
  const samplesOf = async (source: string, range_ms: number): Promise<number> => {
    let samples = -1
    const stats = (told: { readonly samples: number; readonly peak_bytes: number }): void => {
      samples = told.samples
      expect(told.peak_bytes).toBeGreaterThan(0)
    }
    const from_ms = 10 * MINUTE
    await queries.range(source, { from_ms, to_ms: from_ms + range_ms, step_ms: MINUTE, stats })
    return samples
  }
  expect(await samplesOf('m', 0)).toBe(2)
  expect(await samplesOf('m', 9 * MINUTE)).toBe(20)
  expect(await samplesOf('sum(rate(m[5m]))', 0)).toBe(10)
  expect(await samplesOf('sum(rate(m[5m]))', 9 * MINUTE)).toBe(100)
  expect(await samplesOf('vector(1)', 9 * MINUTE)).toBe(0)
})

test('samples that pass by count while they are looked at, and are given back', async () => {
  const queries = engine({}, 'm{a="1"} 1+1x999', 'm{a="2"} 1+1x999')
  let peak = 0
  const stats = (told: { readonly peak_bytes: number }): void => {
    peak = told.peak_bytes
  }
  const range = { from_ms: 0, to_ms: 999 * MINUTE, step_ms: 999 * MINUTE }
  await queries.range('sum_over_time(m[1000m])', { ...range, stats })
  // One series after the other: never both.
  expect(peak).toBeGreaterThan(1000 * 16)
  expect(peak).toBeLessThan(2000 * 16)
})
