import { expect, test } from 'vitest'

import { findingHash, hashOf, incidentHash, parseRoute } from './route.js'

test('an address names a view, and an incident or a finding by its id', () => {
  expect(parseRoute('').view).toBe('overview')
  expect(parseRoute('#/incidents').view).toBe('incidents')
  expect(parseRoute('#/incidents/i_1')).toMatchObject({ view: 'incident', id: 'i_1' })
  expect(parseRoute(findingHash('f/1'))).toMatchObject({ view: 'finding', id: 'f/1' })
  expect(parseRoute('#/nowhere').view).toBe('overview')
  expect(parseRoute('#/incidents/%E0%A4%A').id).toBe('%E0%A4%A')
})

test('what is put into an address comes out of it again', () => {
  const query = 'sum by (a) (rate(x{b="c d",e=~"f|g"}[5m])) > 0.5'
  expect(parseRoute(hashOf('series', { q: query, range: '1h' })).params.get('q')).toBe(query)
  expect(hashOf('series', { q: '' })).toBe('#/series')
  expect(parseRoute(incidentHash('i/1?2')).id).toBe('i/1?2')
})
