import { describe, expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'
import { NOW_MS } from '../testing/series.fixture.ts'
import { hint } from '../testing/verdicts.fixture.ts'

describe('a hint', () => {
  test('has a number where KEDA looks for one', async () => {
    const { json } = fixture()
    expect(await json('/api/v1/scaling/checkout')).toMatchObject({ value: 7, stale: false, lead_seconds: 180 })
  })

  test.each([
    ['quiet', 503, 'unavailable'],
    ['none', 404, 'not_found'],
  ])('of policy %s is an error, never a 0', async (policy, status, code) => {
    const response = await fixture().ask(`/api/v1/scaling/${policy}`)
    expect(response.status).toBe(status)
    const body = (await response.json()) as { error: { code: string } }
    expect(body.error.code).toBe(code)
    expect(body).not.toHaveProperty('value')
  })

  test('is over when it expires', async () => {
    const { house, ask } = fixture()
    house.clock.advanceTo(hint.expires_ms - 1)
    expect((await ask('/api/v1/scaling/checkout')).status).toBe(200)
    house.clock.advanceTo(hint.expires_ms)
    expect((await ask('/api/v1/scaling/checkout')).status).toBe(503)
  })

  test('that is no number is not told', async () => {
    const { house } = fixture()
    const ports = { ...house.ports, hints: { ...house.ports.hints, hint: () => ({ ...hint, value: Number.NaN }) } }
    expect((await fixture({ ports }).ask('/api/v1/scaling/checkout')).status).toBe(503)
  })

  test('comes with its history when asked', async () => {
    expect(await fixture().json('/api/v1/scaling/checkout?history=2')).toMatchObject({
      value: 7,
      history: [{ value: 7 }, { value: 6 }],
    })
  })
})

test('the list has every policy, without a value where there is none to follow', async () => {
  expect(NOW_MS).toBeLessThan(hint.expires_ms)
  expect(await fixture().json('/api/v1/scaling')).toMatchObject({
    policies: [
      { policy: 'checkout', value: 7 },
      { policy: 'quiet', stale: true, reason: 'no demand was ever seen' },
    ],
  })
})
