// Queries that would blow up: refused early and in words, with memory that stays within bounds and a thread that others can use.
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { HistogramSlice, SeriesReader, SeriesSlice } from '#core/ports/series-reader.ts'
import { Labels } from '#core/series.ts'

import { atOnce as holdingUp, createQueryEngine } from './index.ts'

const MIB = 2 ** 20
const HOUR_MS = 3_600_000
const SCRAPE_MS = 15_000
const MEMORY = 192 * MIB
/** The most steps that the API lets a range query have. */
const STEPS = 11_000
const STEP_MS = 1000

const POINTS = (2 * HOUR_MS) / SCRAPE_MS
const time_ms = Float64Array.from({ length: POINTS }, (_, i) => i * SCRAPE_MS)
const value = Float64Array.from({ length: POINTS }, (_, i) => i * 1.000001)
const stale = new Uint8Array(POINTS)
const BUCKETS = 160

/** 160 buckets a sample. */
const native: HistogramSlice = {
  sum: value,
  count: Float64Array.from({ length: POINTS }, (_, i) => i * BUCKETS),
  shapes: [
    {
      schema: 3,
      zero_threshold: 0,
      positive_offset: 0,
      positive_count: BUCKETS,
      negative_offset: 0,
      negative_count: 0,
    },
  ],
  shape: new Uint32Array(POINTS),
  start: Uint32Array.from({ length: POINTS + 1 }, (_, i) => i * (BUCKETS + 1)),
  buckets: Float64Array.from({ length: POINTS * (BUCKETS + 1) }, (_, i) => Math.floor(i / (BUCKETS + 1))),
}

function seriesOf(name: string, count: number, more: Partial<SeriesSlice> = {}): readonly SeriesSlice[] {
  return Array.from({ length: count }, (_, i) => {
    const labels = Labels.of({ __name__: name, i: String(i).padStart(6, '0'), le: String(i % 10), half: String(i % 2) })
    return { labels, time_ms, value, stale, ...more }
  })
}

/**
 * As many series as there may be, and few; all of two hours. The samples are shared, so that what queries make is all there is. Gone
 * afterwards: the files behind us have the same process.
 */
let series: Readonly<Record<string, readonly SeriesSlice[]>> = {}
beforeAll(() => {
  series = {
    wide: seriesOf('wide', 100_000),
    few: seriesOf('few', 100),
    one: seriesOf('one', 1),
    native: seriesOf('native', 100, { histograms: native }),
  }
})
afterAll(() => {
  series = {}
})

let reads = 0
const reader: SeriesReader = {
  select: () => [],
  *selecting([name], range, { admit } = {}) {
    const found = series[name!.value] ?? []
    const inside = time_ms.filter((at) => at >= range.from_ms && at <= range.to_ms).length
    admit?.(found.length, found.length * inside)
    reads++
    yield { slices: found, read: 0 }
  },
  labelSets: () => [],
  extent: () => null,
  metadata: () => [],
}

const engine = createQueryEngine({ readers: [reader], limits: { memory: MEMORY, series: 100_000 } })
const range = { from_ms: HOUR_MS, to_ms: HOUR_MS + (STEPS - 1) * STEP_MS, step_ms: STEP_MS }

interface End {
  readonly code: string
  readonly message: string
  readonly took_ms: number
}

/** CPU time of the process: the clock goes on while others have the machine. */
function worked_ms(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

async function ended(query: () => Promise<unknown>): Promise<End> {
  const began = worked_ms()
  const end = (code: string, message: string): End => ({ code, message, took_ms: worked_ms() - began })
  try {
    await query()
    return end('ok', '')
  } catch (error) {
    if (error instanceof ServiceError) return end(error.code, messageOf(error))
    throw error
  }
}

const inRange = (source: string, timeout_ms = 60_000): Promise<End> =>
  ended(() => engine.range(source, { ...range, timeout_ms }))
const atOnce = (source: string): Promise<End> =>
  ended(() => engine.instant(source, 1.5 * HOUR_MS, { timeout_ms: 60_000 }))

/** How much memory grew while something was done, and the longest that nothing else had a turn. */
async function watched<T>(what: () => Promise<T>): Promise<{ result: T; grown: number; longest_ms: number }> {
  const before = process.memoryUsage.rss()
  let peak = before
  let longest_ms = 0
  const state = { on: true }
  const watching = (async () => {
    for (let last = worked_ms(); state.on;) {
      await sleep(2)
      longest_ms = Math.max(longest_ms, worked_ms() - last)
      last = worked_ms()
      peak = Math.max(peak, process.memoryUsage.rss())
    }
  })()
  const result = await what()
  state.on = false
  await watching
  return { result, grown: peak - before, longest_ms }
}

/** Garbage that was not collected yet, and what labels and results weigh. */
const SLACK = 300 * MIB
const NESTED = 40

const nested = (of: (inner: string) => string): string =>
  Array.from({ length: NESTED }).reduce<string>((inner) => of(inner), 'one')

describe('a query that would blow up is refused', () => {
  test.each([
    ['series times steps', 'wide'],
    ['windows of series times steps', 'rate(wide[5m])'],
    ['an aggregation over series times steps', 'sum by (i) (wide)'],
    ['a subquery of small steps', 'max_over_time(wide[1h:1s])'],
    ['a subquery of milliseconds', 'max_over_time(one[1d:1ms])'],
  ])('before anything is read: %s', async (_, source) => {
    const { code, message, took_ms } = await inRange(source)
    expect(code).toBe('execution')
    expect(message).toMatch(/too many samples .*series of \d+ samples over \d+ steps, limit 50000000/)
    expect(took_ms).toBeLessThan(1000)
  })

  test.each([
    ['a series a value', 'count_values("v", one * time())', /memory|too many samples/],
    [
      'a label that doubles: label_join',
      nested((inner) => `label_join(${inner}, "x", "xx", "x", "x", "i")`),
      /label value/,
    ],
    [
      'a label that grows: label_replace',
      nested((inner) => `label_replace(${inner}, "i", "$1$1$1$1$1$1$1$1", "i", "(.*)")`),
      /label value/,
    ],
    ['sums of sums', Array.from({ length: 60 }, () => 'few').join(' + '), /too many samples/],
    [
      'everything beside everything',
      `(${Array.from({ length: 40 }, () => 'few').join(') or (')})`,
      /memory|too many samples/,
    ],
    ['histograms times steps', 'native + native', /memory/],
  ])('before it is too large: %s', async (_, source, message) => {
    const { result, grown } = await watched(() => inRange(source))
    expect(result.message).toMatch(message)
    expect(result.code).toBe('execution')
    expect(grown).toBeLessThan(MEMORY + SLACK)
  })

  test.each([
    ['all with all', 'wide * on (half) wide'],
    ['many with many', 'wide * on (half) group_left () wide'],
    ['names that come together', 'label_replace(wide, "i", "", "", "")'],
  ])('for what it means: %s', async (_, source) => {
    const { result, grown } = await watched(() => atOnce(source))
    expect(result.code).toBe('execution')
    expect(grown).toBeLessThan(MEMORY + SLACK)
  })
})

describe('a query that takes long', () => {
  test.each([
    ['subqueries in subqueries', 'max_over_time(sum_over_time(few[1h:1s])[1h:1s])'],
    ['medians of long windows', 'mad_over_time(one[1h:1s])'],
    ['a quantile a step of many', 'quantile(0.5, {__name__="few"} + on () group_left () one)'],
    ['sorts a step', 'topk(90, few)'],
  ])('ends when its time is over, and others have turns: %s', async (_, source) => {
    const { result, longest_ms } = await watched(() => inRange(source, 1500))
    expect(['ok', 'timeout']).toContain(result.code)
    expect(result.took_ms).toBeLessThan(5000)
    expect(longest_ms).toBeLessThan(1000)
  })

  test('ends when nobody waits for it any more', async () => {
    const leaving = new AbortController()
    setTimeout(() => leaving.abort(), 100)
    const { code, took_ms } = await ended(() =>
      engine.range('mad_over_time(one[1h:1s])', { ...range, signal: leaving.signal }),
    )
    expect(code).toBe('canceled')
    expect(took_ms).toBeLessThan(3000)
  })
})

describe('a query that holds up everything else', () => {
  // With a fifth of the usual limit: what is refused on the way is refused sooner.
  const strict = createQueryEngine({ readers: [reader], limits: { memory: MEMORY, samples: 10_000_000 } })
  const holding = (source: string): Promise<End> => ended(() => holdingUp(strict).range(source, range))
  const tooDear = /^a rule may look at samples 160000000 times \(16 × limits.query_samples\), this one needs \d+: /

  test.each([
    ['what is dear', 'mad_over_time(few[1h])'],
    ['twice the same', 'stddev_over_time(few[1h]) / stddev_over_time(few[50m])'],
    ['in a subquery', 'max_over_time(stddev_over_time(few[2h])[1h:1s])'],
  ])('is refused before it reads what it would look at too often: %s', async (_, source) => {
    const before = reads
    const { code, message } = await holding(source)
    expect(code).toBe('execution')
    expect(message).toMatch(tooDear)
    expect(reads).toBe(before)
  })

  test.each([
    ['what other windows made', 'max_over_time(max_over_time(few[5m])[1h:1s])'],
    ['histograms', 'rate(native[1h])'],
  ])('is refused while it looks too often: %s', async (_, source) => {
    const { message } = await holding(source)
    expect(message).toMatch(tooDear)
  })

  test.each([
    ['ends of windows', 'rate(few[1h])'],
    ['no more than is needed', 'sum_over_time(one[1h]) + quantile_over_time(0.9, few[30m])'],
  ])('goes through where it is cheap: %s', async (_, source) => {
    const { message } = await holding(source)
    expect(message).toBe('')
  })
})

describe('queries at once', () => {
  test('share the memory that there is; what is small goes on beside them', async () => {
    const { result, grown } = await watched(() =>
      Promise.all([
        ...Array.from({ length: 12 }, () => inRange('few * 2 + few')),
        ...Array.from({ length: 12 }, () => inRange('sum(one)')),
      ]),
    )
    const codes = result.map(({ code }) => code)
    expect(codes.slice(12)).toEqual(codes.slice(12).map(() => 'ok'))
    expect(codes).toContain('overloaded')
    expect(codes.slice(0, 12)).toContain('ok')
    expect(grown).toBeLessThan(2 * MEMORY + SLACK)
  })

  test('give all of it back, also those that failed', async () => {
    const inner = createQueryEngine({ readers: [reader], limits: { memory: 80 * MIB, series: 100_000 } })
    const holding = (source: string): Promise<End> => ended(() => inner.range(source, range))
    for (let i = 0; i < 4; i++) {
      const ends = await Promise.all([holding('few + few'), holding('native + native'), holding('few * on (half) few')])
      expect(ends.map(({ code }) => code)).not.toEqual(['ok', 'ok', 'ok'])
    }
    // Which holds nearly all of it.
    expect((await holding('few + 1')).code).toBe('ok')
  })
})
