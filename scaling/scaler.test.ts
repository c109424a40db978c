import { expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'
import type { ForecastRequest } from '#core/ports/forecasts.ts'
import { silentLog } from '#core/ports/log.ts'
import type { QueryEngine, QueryResult } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { type Policy, policySchema } from './policy.ts'
import { Scaler } from './scaler.ts'

const MINUTE = 60_000
const policy = policySchema.parse({
  name: 'checkout',
  target: { kind: 'Deployment', namespace: 'shop', name: 'checkout' },
  demand: 'checkout_demand',
  capacity: 100,
  max: 40,
  lead: '3m',
})

const vector = (...values: number[]): QueryResult => ({
  type: 'vector',
  series: values.map((value, i) => ({
    labels: Labels.of({ i: String(i) }),
    time_ms: Float64Array.of(0),
    value: Float64Array.of(value),
  })),
  warnings: [],
  infos: [],
})

/** A scaler whose demand is what the test says. */
function scaler(
  over: {
    ofRule?: readonly Forecast[]
    make?: (request: ForecastRequest) => readonly Forecast[]
    policies?: Policy[]
  } = {},
) {
  const asked: string[] = []
  const written: string[] = []
  const stale: number[] = []
  const hints: Hint[] = []
  const clock = new ManualClock(0)
  const state = { demand: vector(640), newest_ms: 1e9, reach_ms: 2 * MINUTE }
  const made = new Scaler({
    query: {
      instant: async (expr: string, time_ms: number) => {
        asked.push(`${expr} at ${time_ms}`)
        return state.demand
      },
      inspect: () => ({
        type: 'vector',
        selectors: [{ matchers: [], reach_ms: state.reach_ms }],
        plain: null,
        unit: '',
      }),
    } as unknown as QueryEngine,
    reader: { extent: () => ({ from_ms: 0, to_ms: state.newest_ms }) },
    forecasts: { ofRule: () => over.ofRule, make: async (request) => over.make?.(request) ?? [] },
    rules: {
      groups: () => [
        {
          name: 'g',
          file: 'f',
          interval_ms: MINUTE,
          evaluated_ms: 0,
          evaluation_duration_ms: 0,
          rules: [
            {
              kind: 'forecast',
              name: 'checkout_demand',
              expr: 'sum(rate(x[2m]))',
              for_ms: 0,
              labels: {},
              annotations: {},
              health: 'ok',
              last_error: '',
              evaluated_ms: 0,
            },
          ],
        },
      ],
    },
    writer: {
      resolve: (definition) => written.push(definition.labels.toString()),
      definition: () => {
        throw new Error('not asked')
      },
      newest: () => undefined,
      append: ({ floats }) => {
        stale.push(...floats.time_ms.filter((_, i) => floats.stale[i] === 1))
        return {
          counts: { stored: 0, stored_late: 0, duplicate: 0, too_old: 0, too_far_ahead: 0, late_refused: 0 },
          refused_histograms: 0,
          exemplars: [],
          fresh: new Uint8Array(),
        }
      },
    },
    clock,
    log: silentLog,
    onHint: (hint) => hints.push(hint),
  })
  made.setPolicies(over.policies ?? [policy])
  return { scaler: made, asked, written, stale, hints, clock, state }
}

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as ServiceError).code
  }
  return ''
}

test('a decision is made every 15 s of analysis time, on the expression of the forecast rule, and written as series', async () => {
  const { scaler: one, asked, written, hints } = scaler({ ofRule: [] })
  for (let time = 0; time <= 30_000; time += 1000) await one.tick(time)
  expect(asked).toEqual([0, 15_000, 30_000].map((time) => `sum(rate(x[2m])) at ${time}`))
  expect(hints.map(({ as_of_ms, value }) => [as_of_ms, value])).toEqual([
    [0, 7],
    [15_000, 7],
    [30_000, 7],
  ])
  expect(one.hint('checkout').value).toBe(7)
  expect(written[0]).toBe('barograph_replicas{kind="wanted", policy="checkout"}')
  expect(one.history('checkout', 2).length).toBe(2)
})

test('without demand there is no hint: never a made-up 0', async () => {
  const { scaler: one, state } = scaler({ ofRule: [] })
  expect(codeOf(() => one.hint('nobody'))).toBe('not_found')
  expect(codeOf(() => one.hint('checkout'))).toBe('unavailable')
  const demands = [
    [vector(), 'no demand: sum(rate(x[2m])) has no value'],
    [vector(Number.NaN), 'no demand: sum(rate(x[2m])) is NaN'],
    [vector(-1), 'no demand: sum(rate(x[2m])) is -1'],
    [vector(1, 2), 'the demand sum(rate(x[2m])) has 2 series; a policy needs one: sum it'],
  ] as const
  for (const [i, [demand, reason]] of demands.entries()) {
    state.demand = demand
    await one.tick((i + 1) * MINUTE)
    expect(codeOf(() => one.hint('checkout'))).toBe('unavailable')
    expect(() => one.hint('checkout')).toThrow(reason)
  }
})

test('a source that stops is silence and not less demand: it is asked for its newest sample, until that is five minutes old', async () => {
  const { scaler: one, state, asked, hints, clock, stale } = scaler({ ofRule: [] })
  state.newest_ms = MINUTE - 1
  for (let minute = 1; minute <= 8; minute++) await one.tick(minute * MINUTE)
  expect(new Set(asked)).toEqual(new Set([`sum(rate(x[2m])) at ${MINUTE - 1}`]))
  expect(hints.map(({ as_of_ms, value }) => [as_of_ms / MINUTE, value])).toEqual([1, 2, 3, 4, 5].map((at) => [at, 7]))
  // Its series are over where it is.
  expect(stale).toEqual([6, 6, 6, 6].map((minute) => minute * MINUTE))
  clock.advanceTo(6 * MINUTE - 1)
  expect(one.hint('checkout').value).toBe(7)
  clock.advanceTo(6 * MINUTE)
  expect(() => one.hint('checkout')).toThrow('has had no sample since 1970-01-01T00:00:59.999Z')
})

test('an expression that looks back further than five minutes is believed for as long', async () => {
  const { scaler: one, state } = scaler({ ofRule: [] })
  Object.assign(state, { newest_ms: 0, reach_ms: 15 * MINUTE })
  await one.tick(14 * MINUTE)
  expect(one.hint('checkout').expires_ms).toBe(15 * MINUTE)
})

test('an expression that has a value where nothing is says itself what silence means', async () => {
  const demand = 'sum(rate(x[2m])) or vector(0)'
  const { scaler: one, state, asked } = scaler({ policies: [{ ...policy, demand, min: 0 }] })
  state.newest_ms = 0
  state.demand = vector(0)
  await one.tick(60 * MINUTE)
  expect(asked).toEqual([`${demand} at ${60 * MINUTE}`])
  expect(one.hint('checkout')).toMatchObject({ value: 0, expires_ms: 65 * MINUTE })
})

test('where no forecast can be made the present demand decides', async () => {
  const { scaler: one } = scaler({
    make: () => {
      throw new ServiceError('execution', 'too many samples')
    },
  })
  await one.tick(0)
  expect(one.hint('checkout')).toMatchObject({ value: 7, trust: 0 })
})

test('a clock that was ahead leaves nothing behind that would keep replicas', async () => {
  const { scaler: one, state } = scaler({ ofRule: [] })
  await one.tick(MINUTE)
  state.demand = vector(4000)
  await one.tick(1440 * MINUTE)
  one.setBack(2 * MINUTE)
  state.demand = vector(640)
  await one.tick(3 * MINUTE)
  expect(one.hint('checkout')).toMatchObject({ value: 7, as_of_ms: 3 * MINUTE })
})

test('a restart keeps hints, and with them how fast they may fall', async () => {
  const { scaler: one } = scaler({ ofRule: [] })
  await one.tick(MINUTE)
  const { scaler: again, state } = scaler({ ofRule: [] })
  again.load(one.save())
  expect(again.hint('checkout')).toEqual(one.hint('checkout'))
  state.demand = vector(100)
  await again.tick(2 * MINUTE)
  expect(again.hint('checkout').value).toBe(6)
  expect(() => again.load(Buffer.from('{"version":9}'))).toThrow('version 9')
})

test('a policy over bare PromQL asks for a forecast once a minute', async () => {
  let made = 0
  const { scaler: one } = scaler({ make: () => (made++, []) })
  for (let time = 0; time < 2 * MINUTE; time += 1000) await one.tick(time)
  expect(made).toBe(2)
})

test('forecasts of many policies take turns, the oldest first', async () => {
  const asked: string[] = []
  const policies = Array.from({ length: 20 }, (_, i) => ({ ...policy, name: `p${i}`, demand: `sum(x${i})` }))
  const { scaler: one } = scaler({ policies, make: ({ query }) => (asked.push(query), []) })
  for (let decision = 0; decision < 8; decision++) await one.tick(decision * 15_000)
  const all = policies.map(({ demand }) => demand)
  expect(asked).toEqual([...all, ...all])
  expect(asked.length).toBe(40)
  expect(one.hint('p19')).toMatchObject({ value: 7, trust: 0 })
})
