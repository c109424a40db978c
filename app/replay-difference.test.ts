import fc from 'fast-check'
import { expect, test } from 'vitest'

import { replayDifference } from './replay-difference.ts'

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 5, 0, minute)).toISOString()

function finding(rule: string, since: number, until?: number, over: object = {}): Record<string, unknown> {
  const end = until === undefined ? {} : { until: at(until) }
  const labels = { service_name: 'shop' }
  return {
    id: `f_${rule}${since}`,
    rule,
    labels,
    since: at(since),
    ...end,
    kind: 'spike',
    severity: 'warning',
    ...over,
  }
}

function incident(service: string, opened: number, over: object = {}): Record<string, unknown> {
  return { symptom: service, services: [service], opened_at: at(opened), severity: 'warning', causes: [], ...over }
}

test('what only one side has is added or removed, what overlaps is moved, the rest is not told', () => {
  const gone = finding('A', 10, 20)
  const later = finding('A', 105, 120)
  const earlier = finding('A', 100, 120)
  const kept = finding('B', 5)
  const fresh = finding('C', 7)
  const difference = replayDifference(
    { findings: [kept, gone, later], incidents: [incident('shop', 10)] },
    {
      findings: [fresh, earlier, { ...kept, id: 'f_of_another_file' }],
      incidents: [incident('shop', 10, { severity: 'critical' })],
    },
  )
  expect(difference).toEqual({
    same: false,
    findings: { added: [fresh], removed: [gone], moved: [{ before: later, after: earlier, changed: ['since'] }] },
    incidents: {
      added: [],
      removed: [],
      moved: [
        {
          before: incident('shop', 10),
          after: incident('shop', 10, { severity: 'critical' }),
          changed: ['severity'],
        },
      ],
    },
    counts: { before: { findings: 3, incidents: 1 }, after: { findings: 3, incidents: 1 } },
  })
})

test('the order of labels and of lists does not matter', () => {
  const one = finding('A', 1, 2, { labels: { a: '1', b: '2' } })
  const other = finding('A', 1, 2, { labels: { b: '2', a: '1' } })
  const two = finding('B', 1)
  expect(
    replayDifference({ findings: [one, two], incidents: [] }, { findings: [two, other], incidents: [] }).same,
  ).toBe(true)
})

test('nothing is lost: each finding of a side is told once or is the same on both', () => {
  const side = fc.uniqueArray(
    fc.record({ rule: fc.constantFrom('A', 'B'), since: fc.nat(60), lasts: fc.integer({ min: 1, max: 20 }) }),
    { selector: ({ rule, since }) => `${rule}${since}`, maxLength: 12 },
  )
  fc.assert(
    fc.property(side, side, (one, other) => {
      const findings = [one, other].map((list) =>
        list.map(({ rule, since, lasts }) => finding(rule, since, since + lasts)),
      )
      const { findings: told } = replayDifference(
        { findings: findings[0]!, incidents: [] },
        { findings: findings[1]!, incidents: [] },
      )
      const before = [...told.removed, ...told.moved.map((move) => move.before)]
      const after = [...told.added, ...told.moved.map((move) => move.after)]
      expect(new Set(before).size).toBe(before.length)
      expect(new Set(after).size).toBe(after.length)
      expect(findings[0]!.length - before.length).toBe(findings[1]!.length - after.length)
    }),
  )
})
