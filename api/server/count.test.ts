import { expect, test } from 'vitest'

import { type Meter, silentMeter } from '#core/ports/meter.ts'

import { fixture } from '../testing/api.fixture.ts'

test('requests are counted by route, method and status, of which there are few', async () => {
  const counted: string[] = []
  const meter: Meter = {
    ...silentMeter,
    counter: (name) => ({
      add(_, { route, method, status } = {}) {
        if (name === 'barograph.api.requests') counted.push(`${method} ${route} ${status}`)
      },
    }),
  }
  const { ask } = fixture({ meter })
  await ask('/api/v1/findings/f_1')
  await ask('/api/v1/query?query=up', { method: 'POST' })
  await ask('/any/thing')
  await ask('/api/v1/alerts', { method: 'BREW' })
  expect(counted).toEqual(['GET /api/v1/findings/:id 404', 'POST /api/v1/query 200', 'GET none 404', 'other none 405'])
})
