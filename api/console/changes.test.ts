import { afterEach, expect, test, vi } from 'vitest'

import type { Incident } from './api.js'
import { changesOf } from './changes.js'

afterEach(() => vi.unstubAllGlobals())

const incident = (id: string, opened_at: string, changes: string[]): Incident => ({
  id,
  state: 'resolved',
  severity: 'warning',
  title: '',
  opened_at,
  updated_at: opened_at,
  services: [],
  findings: [],
  alerts: [],
  changes,
  causes: [],
  joins: [],
  timeline: [],
})

/** Answers with pages of changes by the `next` that they are asked for, '' first; the addresses asked are kept. */
function served(pages: Readonly<Record<string, { changes: string[]; next?: string }>>): URLSearchParams[] {
  const asked: URLSearchParams[] = []
  vi.stubGlobal('document', { documentElement: { lang: 'en' } })
  vi.stubGlobal('fetch', (address: string) => {
    const params = new URL(address, 'http://x').searchParams
    asked.push(params)
    const { changes, next } = pages[params.get('next') ?? '']!
    return Promise.resolve(Response.json({ changes: changes.map((id) => ({ id })), next }))
  })
  return asked
}

const none = new AbortController().signal

test('the changes of an incident are found however many came after it', async () => {
  const asked = served({ '': { changes: ['c_9', 'c_8'], next: 'c_8' }, c_8: { changes: ['c_1', 'c_0'], next: 'c_0' } })
  const incidents = [
    incident('i_2', '2026-11-20T10:00:00.000Z', ['c_9']),
    incident('i_1', '2026-11-02T10:00:00.000Z', ['c_1']),
  ]
  const changes = await changesOf(incidents, none)
  expect([...changes.keys()]).toEqual(['c_9', 'c_1'])
  expect(asked.map((params) => [params.get('from'), params.get('next')])).toEqual([
    ['2026-11-01T10:00:00.000Z', null],
    ['2026-11-01T10:00:00.000Z', 'c_8'],
  ])
})

test('a change that is gone is looked for to the end, and nothing is asked where none is named', async () => {
  const asked = served({ '': { changes: ['c_9'], next: 'c_9' }, c_9: { changes: [] } })
  expect((await changesOf([incident('i_1', '2026-11-02T10:00:00.000Z', ['c_1'])], none)).size).toBe(0)
  expect((await changesOf([incident('i_1', '2026-11-02T10:00:00.000Z', [])], none)).size).toBe(0)
  expect(asked).toHaveLength(2)
})
