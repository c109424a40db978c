import { expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import type { ServiceError } from '#core/errors.ts'
import type { Forecast } from '#core/forecast.ts'
import type { Hint } from '#core/hint.ts'
import { silentLog } from '#core/ports/log.ts'
import type { QueryEngine, QueryResult } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { policySchema } from './policy.ts'
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
function scaler(over: { ofRule?: readonly Forecast[]; make?: () => readonly Forecast[] } = {}) {
  const asked: string[] = []
  const written: string[] = []
  const hints: Hint[] = []
  const clock = new ManualClock(0)
  const state = { demand: vector(640) }
  const made = new Scaler({
    query: {
      instant: async (expr: string) => {
        asked.push(expr)
        return state.demand
      },
    } as unknown as QueryEngine,
    forecasts: { ofRule: () => over.ofRule, make: async () => over.make?.() ?? [] },
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
      append: () => ({
        counts: { stored: 0, stored_late: 0, duplicate: 0, too_old: 0, too_far_ahead: 0, late_refused: 0 },
        refused_histograms: 0,
        fresh: new Uint8Array(),
      }),
    },
    clock,
    log: silentLog,
    onHint: (hint) => hints.push(hint),
  })
  made.setPolicies([policy])
  return { scaler: made, asked, written, hints, clock, state }
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
  expect(asked).toEqual(['sum(rate(x[2m]))', 'sum(rate(x[2m]))', 'sum(rate(x[2m]))'])
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
  for (const [i, demand] of [vector(), vector(Number.NaN), vector(-1), vector(1, 2)].entries()) {
    state.demand = demand
    await one.tick((i + 1) * MINUTE)
    expect(codeOf(() => one.hint('checkout'))).toBe('unavailable')
  }
})

test('a hint whose demand is gone is stale after five minutes', async () => {
  const { scaler: one, state, clock } = scaler({ ofRule: [] })
  await one.tick(MINUTE)
  state.demand = vector()
  await one.tick(2 * MINUTE)
  clock.advanceTo(6 * MINUTE)
  expect(one.hint('checkout').value).toBe(7)
  clock.advanceTo(6 * MINUTE + 1)
  expect(() => one.hint('checkout')).toThrow('stale')
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
