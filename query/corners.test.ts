// Corners where Prometheus 3.15 does what one would not guess, each found by asking it the same.
import { describe, expect, test } from 'vitest'

import { createQueryEngine } from './index.ts'
import { runScript } from './test-script.ts'
import { MINUTE, minutes } from './testing/minutes.fixture.ts'

function engine(...lines: string[]) {
  return createQueryEngine({ readers: [minutes(...lines)] })
}

async function reasons(script: string): Promise<string[]> {
  return (await runScript(script)).map(({ reason }) => reason)
}

describe('values', () => {
  test.each([
    [
      'the share of observations is of all, also where a lower bucket counts more',
      'histogram_fraction(-Inf, 1, h)',
      '{} 1',
    ],
    ['nothing is less than -Inf, and greater than +Inf', 'vector(min_of(NaN, -Inf) + max_of(NaN, Inf))', '{} NaN'],
    ['not NaN either', 'vector(min_of(NaN, -Inf))', '{} -Inf'],
    ['also where values are clamped', 'clamp_max(m * NaN, -Inf)', '{job="a"} -Inf'],
    ['no best elements are wanted, however few', 'topk(-Inf, m)', ''],
    ['without takes away where a value was to stand', 'count_values without (job) ("job", m)', '{} 1'],
    [
      'a vector without a series looks at the step, and so do infos beside it',
      'info(m offset 1m + on() group_left vector(0))',
      '{job="a",version="2"} 2',
    ],
    ['a number needs no match, where none is asked for', 'm - on() group_left() 2', '{job="a"} 1'],
    ['what is only a number does not look', 'info((m offset 1m) * scalar(m))', '{job="a",version="1"} 6'],
  ])('%s', async (_, query, expected) => {
    const load = `load 1m
  m{job="a"} 1 2 3
  h{le="1"} 5 5 5
  h{le="+Inf"} 4 4 4
  target_info{job="a",version="1"} 1 1 stale
  target_info{job="a",version="2"} _ _ 1

`
    expect(await reasons(`${load}eval instant at 2m ${query}\n${expected === '' ? '' : `  ${expected}\n`}`)).toEqual([
      '',
    ])
  })

  test('the last two samples of a window are floats, whatever lies before them', async () => {
    const script = `load 1m
  m {{schema:0 count:1 sum:1 buckets:[1]}} 5 7 2

eval instant at 2m idelta(m[3m])
  {} 2

eval instant at 3m irate(m[4m])
  {} 0.03333333333333333

eval instant at 3m idelta(m[4m])
  {} -5
`
    expect(await reasons(script)).toEqual(['', '', ''])
  })

  test('a range query of one moment has no step', async () => {
    const result = await engine().range('step()', { from_ms: MINUTE, to_ms: MINUTE, step_ms: 15_000 })
    expect(result).toMatchObject({ series: [{ value: Float64Array.of(0) }] })
  })
})

describe('notes', () => {
  const queries = engine('m{le="+Inf"} 1', 'bare 1', 'bare{a="b"} 1')

  async function notesOf(query: string): Promise<readonly string[]> {
    const { warnings, infos } = await queries.instant(query, 0)
    return [...warnings, ...infos].map((note) => note.replace(/^PromQL \w+: /, ''))
  }

  test('count columns in bytes', async () => {
    expect(await notesOf('label_replace(histogram_quantile(2, m), "é", "日", "", "")')).toEqual([
      'quantile value should be between 0 and 1, got 2 (1:34)',
    ])
    expect(await notesOf('m{a!="日"} or quantile(2, m)')).toEqual([
      'quantile value should be between 0 and 1, got 2 (1:25)',
    ])
  })

  test('point into parentheses', async () => {
    expect(await notesOf('histogram_quantile((2), m)')).toEqual([
      'quantile value should be between 0 and 1, got 2 (1:21)',
    ])
    expect(await notesOf('quantile(((2)), m)')).toEqual(['quantile value should be between 0 and 1, got 2 (1:12)'])
  })

  test.each([
    ['123456', '123456'],
    ['1795851180', '1.79585118e+09'],
    ['-0.0001', '-0.0001'],
    ['-0.00001', '-1e-05'],
    ['1e300', '1e+300'],
    ['-Inf', '-Inf'],
  ])('write %s as %s', async (number, text) => {
    expect(await notesOf(`quantile(${number}, m)`)).toEqual([
      `quantile value should be between 0 and 1, got ${text} (1:10)`,
    ])
  })

  test('say nothing of what is not there at any step', async () => {
    expect(await notesOf('histogram_quantile(0.5, absent(bare))')).toEqual([])
    expect(await notesOf('histogram_quantile(0.5, bare)')).toHaveLength(1)
  })

  test('say nothing of histograms where no elements are wanted', async () => {
    const natives = engine('m {{schema:0 count:1 sum:1 buckets:[1]}}')
    expect((await natives.instant('topk(0, m)', 0)).infos).toEqual([])
    expect((await natives.instant('topk(1, m)', 0)).infos).toHaveLength(1)
  })

  test('say that a range is not sorted, also where it has but one step', async () => {
    const range = { from_ms: 0, to_ms: MINUTE, step_ms: 10 * MINUTE }
    expect((await queries.range('sort(m)', range)).warnings).toHaveLength(1)
    expect((await queries.range('sort(m)', { ...range, to_ms: 0 })).warnings).toEqual([])
  })
})

test('counts of elements that are too many to count are written as numbers are', async () => {
  await expect(engine('m 1').instant('topk(Inf, m)', 0)).rejects.toThrow('Scalar value +Inf overflows int64')
})

test('a zero bucket without a width includes zero, and is not below it', async () => {
  const queries = engine('m {{schema:0 count:1 sum:0 z_bucket:1}}')
  for (const [query, expected] of [
    ['count_values("v", m)', '[-0,0]:1'],
    ['count_values("v", m >/ 0)', '{count:1, sum:0, [-0,0]:1}'],
    ['count_values("v", m </ 0)', '{count:0, sum:0}'],
  ] as const) {
    expect(JSON.stringify(await queries.instant(query, 0))).toContain(expected)
  }
})
