import { describe, expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'
import { NOW_MS } from '../testing/series.fixture.ts'
import { finding, incident } from '../testing/verdicts.fixture.ts'

const ONE = `/api/v1/incidents/${incident.id}`
const body = (value: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

describe('what a person does to an incident', () => {
  test('goes through the door, with his name and the time', async () => {
    const { house, json } = fixture()
    expect(await json(`${ONE}/ack`, body({ by: 'ann' }))).toMatchObject({
      state: 'acknowledged',
      acknowledged_at: '2026-11-20T10:00:00.000Z',
    })
    expect(house.inputs).toEqual([{ kind: 'command', command: 'ack', incident: incident.id, by: 'ann', at_ms: NOW_MS }])
  })

  test('needs no body, and done twice is done once', async () => {
    const { house, ask, json } = fixture()
    expect(await json(`${ONE}/resolve`, { method: 'POST' })).toMatchObject({ state: 'resolved' })
    expect((await ask(`${ONE}/resolve`, { method: 'POST' })).status).toBe(200)
    expect(house.inputs).toHaveLength(1)
  })

  test('comes too late when it is resolved', async () => {
    const { ask } = fixture()
    await ask(`${ONE}/resolve`, { method: 'POST' })
    expect((await ask(`${ONE}/ack`, { method: 'POST' })).status).toBe(409)
  })

  test('of an incident that is none is not found', async () => {
    const { house, ask } = fixture()
    expect((await ask('/api/v1/incidents/i_none/ack', { method: 'POST' })).status).toBe(404)
    expect((await ask('/api/v1/incidents/i_none')).status).toBe(404)
    expect(house.inputs).toEqual([])
  })

  test('may not be said by a page of another origin, nor asked for by GET', async () => {
    const { house, ask } = fixture()
    const foreign = { method: 'POST', headers: { origin: 'http://evil.example' } }
    expect((await ask(`${ONE}/ack`, foreign)).status).toBe(403)
    expect((await ask(`${ONE}/ack`)).status).toBe(405)
    expect(house.inputs).toEqual([])
  })
})

describe('the list', () => {
  test('is filtered by states', async () => {
    const { json } = fixture()
    expect(await json('/api/v1/incidents?state=open,acknowledged')).toMatchObject({ incidents: [{ id: incident.id }] })
    expect(await json('/api/v1/incidents?state=resolved')).toEqual({ incidents: [] })
  })

  test.each([
    ['state=opn', 'parameter "state": expected some of open, acknowledged, resolved, separated by commas, got "opn"'],
    ['stat=open', 'parameter "stat" is not known; did you mean "state"?'],
    ['limit=1001', 'parameter "limit": expected a whole number from 1 to 1000, got "1001"'],
    ['limit=1&limit=2', 'parameter "limit": expected a whole number from 1 to 1000, once'],
    ['next=i_none', 'parameter "next": "i_none" is not a cursor of this list'],
    ['lang=fr', 'parameter "lang": expected a language: en or zh, got "fr"'],
  ])('with %s says what was expected', async (query, message) => {
    const response = await fixture().ask(`/api/v1/incidents?${query}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: { code: 'bad_data', message } })
  })

  test('speaks the reader’s language', async () => {
    const { json } = fixture()
    const title = async (path: string, language = ''): Promise<string> => {
      const list = (await json(path, { headers: { 'accept-language': language } })) as {
        incidents: { title: string }[]
      }
      return list.incidents[0]?.title ?? ''
    }
    const english = await title('/api/v1/incidents')
    const chinese = await title('/api/v1/incidents?lang=zh')
    expect(english).not.toBe(chinese)
    expect(await title('/api/v1/incidents', 'fr, zh-CN;q=0.9, en;q=0.8')).toBe(chinese)
    expect(await title('/api/v1/incidents', 'fr')).toBe(english)
    expect(await title('/api/v1/incidents?lang=en', 'zh')).toBe(english)
  })
})

describe('what a person says of a finding', () => {
  const path = `/api/v1/findings/${finding.id}/feedback`

  test('goes through the door, with his name and the time', async () => {
    const { house, json } = fixture()
    expect(await json(path, body({ feedback: 'real', by: 'ann' }))).toMatchObject({ id: finding.id })
    const said = { kind: 'feedback', feedback: 'real', finding: finding.id, by: 'ann', at_ms: NOW_MS }
    expect(house.inputs).toEqual([said])
  })

  test('of an incident is said of its findings', async () => {
    const { house, json } = fixture()
    expect(await json(`${ONE}/feedback`, body({ feedback: 'noise' }))).toMatchObject({ id: incident.id })
    expect(house.inputs).toEqual([{ kind: 'feedback', feedback: 'noise', finding: finding.id, by: '', at_ms: NOW_MS }])
  })

  test('is one of three words, of a finding that there is', async () => {
    const { house, ask } = fixture()
    expect((await ask(path, body({ feedback: 'wrong' }))).status).toBe(400)
    expect((await ask(path, { method: 'POST' })).status).toBe(400)
    expect((await ask('/api/v1/findings/f_none/feedback', body({ feedback: 'noise' }))).status).toBe(404)
    expect(house.inputs).toEqual([])
  })
})

test('findings come a page at a time', async () => {
  const { json } = fixture()
  const first = (await json('/api/v1/findings?limit=1')) as { findings: { id: string }[]; next: string }
  expect(first.findings).toHaveLength(1)
  const second = (await json(`/api/v1/findings?limit=1&next=${first.next}`)) as { findings: { id: string }[] }
  expect(second.findings[0]?.id).not.toBe(first.findings[0]?.id)
  expect(second).not.toHaveProperty('next')
})
