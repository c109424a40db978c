import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { IncidentState } from '#core/incident.ts'

import { LIFE_EVENTS, nextState } from './life.ts'
import { highestSeverity } from './severity.ts'

test('an incident goes from open to acknowledged to resolved, never back, and never out of resolved', () => {
  const order: readonly IncidentState[] = ['open', 'acknowledged', 'resolved']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...LIFE_EVENTS)), (events) => {
      let state: IncidentState = 'open'
      for (const event of events) {
        const next = nextState(state, event)
        if (state === 'resolved') expect(next).toBeUndefined()
        else expect(order.indexOf(next ?? 'open')).toBeGreaterThanOrEqual(order.indexOf(state))
        if (event !== 'ack' && next !== undefined) expect(next).toBe('resolved')
        state = next ?? state
      }
    }),
  )
})

test('the worst severity that is known counts, warning where none is', () => {
  expect(highestSeverity(['info', 'critical', 'error'])).toBe('critical')
  expect(highestSeverity(['info'])).toBe('info')
  expect(highestSeverity(['', 'page'])).toBe('warning')
})
