import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import type { AnsweredSeries } from '../client/answer.ts'
import { type AskingOptions, AskingStand, BEGIN } from '../testing/asking.fixture.ts'
import { failure, FakePrometheus } from '../testing/prometheus.fixture.ts'
import type { Probe } from './beats.ts'
import { Outages } from './outages.ts'

const SECOND = 1000
const MINUTE = 60_000
const SCRAPE = 15 * SECOND

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
  const stand = new AskingStand({ url: server.url, rules: ['a', 'b'], interval_ms: 15_000, ...options })
  stands.push(stand)
  stand.asking.start()
  return stand
}

/** `up` is scraped, but not in between. */
const withHole = (from_ms: number, to_ms: number) => (time_ms: number) => {
  const newest = Math.floor(time_ms / SCRAPE) * SCRAPE
  return newest > from_ms && newest < to_ms ? Math.floor(from_ms / SCRAPE) * SCRAPE : newest
}

/** Seconds since the beginning, of the steps that were passed over as an outage. */
const awaySteps = (stand: AskingStand, rule: string): number[] =>
  stand.answers
    .get(rule)!
    .filter(({ away }) => away === true)
    .flatMap(({ from_ms, to_ms, step_ms }) =>
      Array.from({ length: (to_ms - from_ms) / step_ms + 1 }, (_, i) => (from_ms + i * step_ms - BEGIN) / SECOND),
    )

describe('an upstream that was away', () => {
  test('with a hole in its data tells rules that nothing is known of it, and goes on behind', async () => {
    server.beat = withHole(BEGIN + 2 * MINUTE, BEGIN + 8 * MINUTE)
    const stand = started()
    await stand.pass(2 * MINUTE)
    await server.stop()
    await stand.pass(6 * MINUTE)
    await server.start()
    await stand.pass(2 * MINUTE)
    const away = awaySteps(stand, 'a')
    expect([away[0], away.at(-1), away.length]).toEqual([135, 495, 25])
    expect(stand.answers.get('a')!.find((one) => one.away)!.error).toContain('it was away')
    const known = stand.steps('a').filter(([, value]) => !Number.isNaN(value))
    expect(known.slice(0, 10).map(([step]) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 34])
    expect(stand.steps('b').map(([step]) => step)).toEqual(stand.steps('a').map(([step]) => step))
    expect(stand.asking.state()).toMatchObject({ passed_over: 50, behind_ms: 0, trouble: '' })
  })

  test('and whose senders kept everything has no hole: nothing is passed over', async () => {
    const stand = started()
    await stand.pass(2 * MINUTE)
    await server.stop()
    await stand.pass(6 * MINUTE)
    // At first it has what it had.
    server.beat = withHole(BEGIN + 2 * MINUTE, BEGIN + 60 * MINUTE)
    await server.start()
    await stand.pass(40 * SECOND)
    expect(stand.asking.state()!.trouble).toMatch(/it answers; samples behind .* are waited for/)
    server.beat = (time_ms) => Math.floor(time_ms / SCRAPE) * SCRAPE
    await stand.pass(MINUTE)
    expect(awaySteps(stand, 'a')).toEqual([])
    expect(stand.asking.state()).toMatchObject({ passed_over: 0, behind_ms: 0, trouble: '' })
    const values = stand.steps('a').map(([step, value]) => [step, value * 4])
    expect(values).toEqual(values.map((_, i) => [i, i]))
  })

  test('and gets no samples when it is back is believed after five minutes: they are missing', async () => {
    server.beat = (time_ms) => Math.min(BEGIN + 2 * MINUTE, Math.floor(time_ms / SCRAPE) * SCRAPE)
    const stand = started()
    await stand.pass(2 * MINUTE)
    await server.stop()
    await stand.pass(4 * MINUTE)
    await server.start()
    await stand.pass(4 * MINUTE)
    expect(stand.marks.get('a')).toBeLessThan(BEGIN + 3 * MINUTE)
    await stand.pass(2 * MINUTE)
    // It came back after six minutes.
    expect(awaySteps(stand, 'a').at(-1)).toBeGreaterThanOrEqual(6 * 60)
    expect(awaySteps(stand, 'a').at(-1)).toBeLessThan(7 * 60 + 30)
    expect(stand.asking.state()).toMatchObject({ behind_ms: 0, trouble: '' })
  })

  test('is asked about it once, and not at all as long as it answers', async () => {
    const stand = started()
    const probes = (): number => server.of('query_range').filter((form) => form.get('query')!.includes('(up)')).length
    await stand.pass(5 * MINUTE)
    expect(probes()).toBe(0)
    server.refuse = () => failure(503, 'unavailable', 'starting')
    await stand.pass(2 * MINUTE)
    server.refuse = () => undefined
    const before = probes()
    await stand.pass(5 * MINUTE)
    expect(probes() - before).toBeLessThan(5)
  })

  test('is not waited for at our own start, where all is there', async () => {
    const outages = new Outages()
    expect(await outages.examine(probeOf({ up: FULL }), about(640))).toBeUndefined()
    expect(outages.suspected).toBe(false)
  })

  test('and cannot say when is taken for well', async () => {
    const stand = started()
    await stand.pass(2 * MINUTE)
    await server.stop()
    await stand.pass(MINUTE)
    server.refuse = () =>
      server.of('query_range').at(-1)!.get('query')!.includes('(up)')
        ? failure(422, 'execution', 'too many samples')
        : undefined
    await server.start()
    await stand.pass(MINUTE)
    expect(stand.asking.state()).toMatchObject({ passed_over: 0, behind_ms: 0, trouble: '' })
  })
})

/** What `up` and metrics have: seconds of their samples. */
function probeOf(seconds: Readonly<Record<string, readonly number[]>>, asked: string[] = []): Probe {
  const notes = { warnings: [], infos: [] }
  const answered = (expr: string, of: (times: readonly number[]) => readonly number[]): AnsweredSeries[] => {
    asked.push(expr)
    return Object.entries(seconds).flatMap(([name, times]) => {
      const [, number] = new RegExp(`(?:\\(|")${name}\\b.*?"barograph_asked", "(\\d+)"`).exec(expr) ?? []
      if (!new RegExp(`\\(${name}|"${name}"`).test(expr) || times.length === 0) return []
      const value = Float64Array.from(of(times))
      const labels = Labels.of(number === undefined ? {} : { barograph_asked: number })
      return [{ labels, time_ms: value, value, histograms: [] }]
    })
  }
  return {
    range: async (expr) => ({
      type: 'matrix',
      series: answered(expr, (times) => times.map((s) => BEGIN / 1000 + s)),
      ...notes,
    }),
    instant: async (expr) => ({ type: 'vector', series: answered(expr, () => [30]), ...notes }),
  }
}

const about = (now_s: number) => ({
  questions: ['x', 'y'].map((expr) => ({
    rule: expr,
    datasource: 'prom',
    expr,
    interval_ms: MINUTE,
    offset_ms: 0,
    mark_ms: BEGIN,
  })),
  inspect: (expr: string): ExpressionInfo => ({
    type: 'vector',
    selectors: [{ matchers: [{ name: '__name__', op: '=', value: expr }], reach_ms: 300_000 }],
    plain: null,
    unit: '',
  }),
  now_ms: BEGIN + now_s * SECOND,
  lag_ms: 10 * SECOND,
  oldest_ms: 0,
})

/** Parts of a batch of both rules, short: rules, minutes, whether they are passed over. */
function parts(outages: Outages, from: number, to: number): [string, number, number, boolean][] {
  const { questions } = about(0)
  const batch = { questions, step_ms: MINUTE, due_ms: BEGIN + 20 * MINUTE, from_ms: BEGIN + from * MINUTE }
  return outages
    .within({ ...batch, to_ms: BEGIN + to * MINUTE })
    .map(({ batch: { questions: some, from_ms, to_ms }, away }) => [
      some.map(({ rule }) => rule).join(),
      (from_ms - BEGIN) / MINUTE,
      (to_ms - BEGIN) / MINUTE,
      away !== undefined,
    ])
}

async function examined(probe: Probe): Promise<Outages> {
  const outages = new Outages()
  outages.suspect()
  expect(await outages.examine(probe, about(640))).toBeGreaterThanOrEqual(BEGIN)
  expect(await outages.examine(probe, about(645))).toBeUndefined()
  return outages
}

const HOLE = [0, 30, 60, 600, 630]
const FULL = Array.from({ length: 22 }, (_, i) => i * 30)

describe('what is missing', () => {
  test('is told by what rules read, where there is no `up`', async () => {
    const asked: string[] = []
    const outages = await examined(probeOf({ x: HOLE, y: HOLE }, asked))
    expect(asked[2]).toBe(
      '(label_replace(max(timestamp({__name__="x"})), "barograph_asked", "0", "", "") or ' +
        'label_replace(max(timestamp({__name__="y"})), "barograph_asked", "1", "", ""))',
    )
    expect(parts(outages, 1, 20)).toEqual([['x,y', 1, 1, false]])
    expect(parts(outages, 2, 5)).toEqual([['x,y', 2, 10, true]])
    expect(parts(outages, 11, 20)).toEqual([['x,y', 11, 20, false]])
  })

  test('is missing to those rules alone that read it: what came by senders who kept it is there', async () => {
    const outages = await examined(probeOf({ up: HOLE, x: HOLE, y: FULL }))
    expect(parts(outages, 1, 20)).toEqual([
      ['x', 1, 1, false],
      ['y', 1, 20, false],
    ])
    expect(parts(outages, 2, 5)).toEqual([
      ['x', 2, 10, true],
      ['y', 2, 5, false],
    ])
  })

  test('is told by `up` where a rule reads what is not there at all', async () => {
    const outages = await examined(probeOf({ up: HOLE, x: [], y: FULL }))
    expect(parts(outages, 2, 5)).toEqual([
      ['x', 2, 10, true],
      ['y', 2, 5, false],
    ])
  })

  test('is not asked for where `up` is whole', async () => {
    const asked: string[] = []
    const outages = await examined(probeOf({ up: FULL, x: HOLE, y: HOLE }, asked))
    expect(asked.every((expr) => expr.includes('up'))).toBe(true)
    expect(parts(outages, 2, 5)).toEqual([['x,y', 2, 5, false]])
  })

  test('is missing to what is learned from as long as it lies in its window, unless it is little of that', async () => {
    const selector = (name: string, window_ms: number) => ({
      matchers: [{ name: '__name__', op: '=' as const, value: name }],
      reach_ms: window_ms,
      window_ms,
    })
    const outages = new Outages()
    outages.suspect()
    const asked = {
      ...about(640),
      questions: about(640).questions.map((one) => ({ ...one, learns: true })),
      inspect: (expr: string): ExpressionInfo => ({
        type: 'vector',
        selectors: [selector(expr, expr === 'x' ? 5 * MINUTE : 60 * MINUTE)],
        plain: null,
        unit: '',
      }),
    }
    const probe = probeOf({ up: HOLE, x: HOLE, y: HOLE })
    await outages.examine(probe, asked)
    await outages.examine(probe, { ...asked, now_ms: asked.now_ms + 5 * SECOND })
    expect(parts(outages, 2, 20)).toEqual([
      ['x', 2, 15, true],
      ['y', 2, 10, true],
    ])
  })

  test('of one thing that is read, while others are there, is not the upstream: nothing is waited for', async () => {
    const outages = new Outages()
    outages.suspect()
    const probe = probeOf({ x: FULL, y: FULL.slice(0, 4) })
    await outages.examine(probe, about(640))
    expect(await outages.examine(probe, about(645))).toBeUndefined()
    expect(parts(outages, 2, 5)).toEqual([['x,y', 2, 5, false]])
  })

  test('is nothing where nothing was ever there', async () => {
    expect(parts(await examined(probeOf({})), 2, 5)).toEqual([['x,y', 2, 5, false]])
  })
})
