import { expect, test } from 'vitest'

import { worstFirst } from './severity.js'

test('what is worst stands first, and the newest of it before older ones', () => {
  const newest = ['info', 'warning', 'critical', 'warning', 'error'].map((severity, id) => ({ id, severity }))
  expect(worstFirst(newest).map(({ id }) => id)).toEqual([2, 4, 1, 3, 0])
})
