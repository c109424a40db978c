import { expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'

test('history is fetched when someone asks for it, once or for one upstream', async () => {
  const { ask, house } = fixture()
  expect((await ask('/api/v1/backfill', { method: 'POST' })).status).toBe(200)
  expect((await ask('/api/v1/backfill?upstream=prom&again=true', { method: 'POST' })).status).toBe(200)
  expect(house.backfills).toBe(2)
})

test('an upstream that is not there is not found', async () => {
  const response = await fixture().ask('/api/v1/backfill?upstream=other', { method: 'POST' })
  expect(response.status).toBe(404)
})
