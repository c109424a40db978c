import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type AskingOptions, AskingStand, BEGIN } from '../testing/asking.fixture.ts'
import { failure, FakePrometheus } from '../testing/prometheus.fixture.ts'

const MINUTE = 60_000
const RULES = ['a', 'b', 'c', 'd', 'e']

let server: FakePrometheus
const stands: AskingStand[] = []

beforeEach(async () => {
  server = new FakePrometheus()
  await server.start()
  server.evaluate = (expr, time_ms) => ({ [JSON.stringify({ expr })]: (time_ms - BEGIN) / MINUTE })
})
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.asking.stop()
  await server.stop()
})

function started(options: Partial<AskingOptions> = {}): AskingStand {
  const stand = new AskingStand({ url: server.url, rules: RULES, ...options })
  stands.push(stand)
  stand.asking.start()
  return stand
}

/** Each step once, in order, with its value. */
const each = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => [from + i, from + i])

describe('rules of an upstream', () => {
  test('are answered step by step, together', async () => {
    const stand = started()
    await stand.pass(5 * MINUTE + 20_000)
    for (const rule of RULES) expect(stand.steps(rule)).toEqual(each(0, 5))
    expect(server.of('query_range')).toHaveLength(6)
    expect(stand.answers.get('a')![0]!.series[0]!.labels.toJSON()).toEqual({ expr: 'a' })
    expect(stand.asking.state()).toEqual({
      rules: 5,
      queries: 6,
      failed: 0,
      samples: 30,
      passed_over: 0,
      behind_ms: 0,
      trouble: '',
    })
  })

  test('are asked for `lateness` after the step, spread over some time', async () => {
    const stand = started({ settings: { batch: 1, spread: '5s', parallel: 1 } })
    await stand.pass(MINUTE)
    for (const rule of RULES) expect(stand.steps(rule).at(-1)).toEqual([0, 0])
    const before = server.of('query_range').length
    await stand.pass(2000)
    const after = server.of('query_range').length
    expect(after - before).toBeGreaterThan(0)
    expect(after - before).toBeLessThan(5)
    await stand.pass(6000)
    expect(server.of('query_range').length - before).toBe(5)
  })

  test('learn from history: their first steps lie as far back as is wanted, all rules side by side', async () => {
    const stand = started({ range_ms: 86_400_000 })
    await stand.pass(20_000)
    for (const rule of RULES) expect(stand.steps(rule)).toEqual(each(-1440, 0))
    const starts = server.of('query_range').map((form) => Number(form.get('start')))
    expect(starts).toEqual(starts.toSorted((a, b) => a - b))
    expect(starts.length).toBeLessThan(20)
  })

  test('that are many are asked in pieces that are not too large', async () => {
    const stand = started({ rules: ['a'], range_ms: 5 * 86_400_000, settings: { samples: 2000 } })
    server.evaluate = (_, time_ms) =>
      Object.fromEntries(Array.from({ length: 20 }, (__, i) => [`{"i":"${i}"}`, time_ms]))
    await stand.pass(20_000)
    expect(stand.steps('a')).toHaveLength(5 * 1440 + 1)
    const sizes = stand.answers
      .get('a')!
      .map(({ series }) => series.reduce((sum, { time_ms }) => sum + time_ms.length, 0))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000)
  })
})

describe('an upstream', () => {
  test('that was away is asked for what was missed, once', async () => {
    const stand = started()
    await stand.pass(2 * MINUTE + 20_000)
    await server.stop()
    await stand.pass(5 * MINUTE)
    expect(stand.asking.state()).toMatchObject({
      behind_ms: 5 * MINUTE,
      trouble: expect.stringContaining('fetch') as string,
    })
    await server.start()
    await stand.pass(3 * MINUTE)
    for (const rule of RULES) expect(stand.steps(rule)).toEqual(each(0, 10))
    expect(stand.warnings).toHaveLength(1)
    expect(stand.asking.state()).toMatchObject({ behind_ms: 0, trouble: '' })
  })

  test('that wants to be left alone is, for as long as it says', async () => {
    const stand = started()
    server.refuse = () => ({ status: 429, body: 'slow down', headers: { 'retry-after': '45' } })
    await stand.pass(40_000)
    expect(server.of('query_range')).toHaveLength(1)
    server.refuse = () => undefined
    await stand.pass(MINUTE)
    for (const rule of RULES) expect(stand.steps(rule)).toEqual(each(0, 1))
    expect(stand.asking.state()).toMatchObject({ failed: 1 })
  })

  test('that fails again and again is asked less and less often', async () => {
    const stand = started()
    server.refuse = () => failure(503, 'unavailable', 'starting')
    await stand.pass(10 * MINUTE)
    expect(server.of('query_range').length).toBeLessThan(30)
  })

  test('that does not answer in time is asked for less at once, and nothing is left out', async () => {
    const stand = started({ timeout_ms: 50, range_ms: 30 * MINUTE })
    server.mute = (form) => {
      const steps = (Number(form.get('end')) - Number(form.get('start'))) / 60 + 1
      return steps > 4 || (form.get('query') ?? '').split('label_replace').length > 3
    }
    await stand.pass(3 * MINUTE)
    for (const rule of RULES) expect(stand.steps(rule)).toEqual(each(-30, 2))
  })

  test('is not asked again for what the intake did not take at once', async () => {
    const stand = started()
    stand.busy = 2
    await stand.pass(2 * MINUTE)
    for (const rule of RULES) expect(stand.steps(rule)).toEqual(each(0, 1))
  })
})

describe('a rule that fails there', () => {
  test('costs only itself', async () => {
    server.refuse = (path) =>
      /\bc\b/.test(server.of(path).at(-1)!.get('query')!.replaceAll('barograph_asked', ''))
        ? failure(422, 'execution', 'many-to-many matching not allowed')
        : undefined
    const stand = started()
    await stand.pass(5 * MINUTE + 20_000)
    for (const rule of ['a', 'b', 'd', 'e']) expect(stand.steps(rule)).toEqual(each(0, 5))
    expect(stand.steps('c')).toEqual(each(0, 5).map(([step]) => [step, Number.NaN]))
    expect(stand.answers.get('c')![0]!.error).toContain('many-to-many')
    expect(stand.asking.state()).toMatchObject({ passed_over: 6, trouble: '' })
  })

  test('at one step has all others', async () => {
    server.refuse = (path) => {
      const form = server.of(path).at(-1)!
      const bad = BEGIN / 1000 - 20 * 60
      return Number(form.get('start')) <= bad && Number(form.get('end')) >= bad
        ? failure(422, 'execution', 'too much')
        : undefined
    }
    const stand = started({ rules: ['a'], range_ms: 60 * MINUTE })
    await stand.pass(20_000)
    expect(stand.steps('a')).toEqual(each(-60, 0).map(([step, value]) => [step, step === -20 ? Number.NaN : value]))
  })

  test('always is not tried step by step through all of history', async () => {
    server.refuse = () => failure(400, 'bad_data', 'unknown function')
    const stand = started({ rules: ['a'], range_ms: 10 * 86_400_000 })
    await stand.pass(20_000)
    expect(stand.steps('a')).toHaveLength(10 * 1440 + 1)
    expect(server.of('query_range').length).toBeLessThan(15)
  })
})
