import { expect, test } from 'vitest'

import type { Alert } from '../alert.ts'
import type { Incident } from '../incident.ts'
import type { Labels } from '../series.ts'
import { MemberBook } from './member-book.ts'

const ALERTS = 500

test('of a storm, alerts are not gone through for each line that is said of one', () => {
  let read = 0
  const alerts = Array.from({ length: ALERTS }, (_, i) => {
    const labels = { fingerprint: '' }
    Object.defineProperty(labels, 'fingerprint', { get: () => (read++, String(i)) })
    return { labels: labels as Labels } as Alert
  })
  const none = { get: () => undefined, list: () => [] }
  const book = new MemberBook({ alerts } as unknown as Incident, { findings: none, changes: none })
  for (let i = 0; i < ALERTS; i++) expect(book.get(String(i)).alert).toBe(alerts[i])
  expect(book.get('gone')).toEqual({})
  expect(read).toBe(ALERTS)
})
