import { describe, expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'

const PATH = '/api/v1/changes'

function post(value: string, type = 'application/json'): RequestInit {
  return { method: 'POST', headers: { 'content-type': type }, body: value }
}

describe('telling of a change', () => {
  test('fills in what was left out', async () => {
    const { house, json } = fixture()
    const change = { kind: 'deploy', service: 'shop', title: 'shop 2' }
    const answer = (await json(PATH, post(JSON.stringify(change)))) as { changes: { id: string }[] }
    expect(answer.changes).toMatchObject([{ ...change, at: '2026-11-20T10:00:00.000Z', source: 'api' }])
    expect(answer.changes[0]?.id).toMatch(/^c_[0-9a-f]{16}$/)
    expect(house.inputs).toMatchObject([
      { kind: 'change', change: { ...change, at_ms: house.clock.now_ms(), url: '' } },
    ])
  })

  test('that lasts gives its end, and an event what it does to values', async () => {
    const { house, json } = fixture()
    const sale = { kind: 'event', service: 'shop', title: 'sale', until: '2026-11-21T10:00:00.000Z', factor: 3 }
    expect(await json(PATH, post(JSON.stringify(sale)))).toMatchObject({ changes: [sale] })
    expect(house.inputs).toMatchObject([{ change: { until_ms: Date.parse(sale.until), factor: 3 } }])
  })

  test('of several keeps their order, and the same content has the same id', async () => {
    const { house, json } = fixture()
    const one = { kind: 'flag', title: 'dark mode', at: '2026-11-20T09:00:00Z' }
    await json(PATH, post(JSON.stringify([one, { ...one, kind: 'config', id: 'c_mine' }, one])))
    const ids = house.inputs.map((input) => (input.kind === 'change' ? input.change.id : ''))
    expect(ids).toEqual([ids[0], 'c_mine', ids[0]])
  })

  test.each([
    ['{"kind":"deploy","titel":"x"}', 400, /"titel" is not known; did you mean "title"/],
    ['{"kind":"deplo","title":"x"}', 400, /kind: one of deploy, config/],
    ['[{"kind":"deploy","title":"x","__proto__":{"polluted":1}}]', 400, /__proto__/],
    ['{"kind":"deploy","title":"x","url":"javascript:alert(1)"}', 400, /http or https/],
    ['{"kind":"deploy","title":"x","at":"yesterday"}', 400, /expected a time/],
    ['{"kind":"maintenance","title":"x"}', 400, /until: maintenance and events, and nothing else, last until a time/],
    ['{"kind":"deploy","title":"x","until":"2026-11-20T11:00:00Z"}', 400, /until/],
    ['{"kind":"event","title":"x","until":"2026-11-20T11:00:00Z"}', 400, /factor: an event, and nothing else/],
    ['[]', 400, /./],
    ['3', 400, /expected a change or a list of changes/],
    ['{"kind":', 400, /not JSON/],
  ])('as %s is refused', async (text, status, message) => {
    const { house, ask } = fixture()
    const response = await ask(PATH, post(text))
    expect(response.status).toBe(status)
    const body = (await response.json()) as { error: { message: string } }
    expect(body.error.message).toMatch(message)
    expect(house.inputs).toEqual([])
  })

  test('as a form is refused, and so is too much', async () => {
    const { ask } = fixture({ limits: { changes: 1, body_bytes: 1000 } })
    expect((await ask(PATH, post('kind=deploy', 'application/x-www-form-urlencoded'))).status).toBe(415)
    const change = { kind: 'deploy', title: 'x' }
    expect((await ask(PATH, post(JSON.stringify([change, change])))).status).toBe(413)
    const large = post(JSON.stringify({ ...change, title: 'x'.repeat(2000) }))
    const headers = { 'content-type': 'application/json', 'content-length': '2033' }
    expect((await ask(PATH, { ...large, headers })).status).toBe(413)
  })

  test('that the door refuses is an error', async () => {
    const { house } = fixture()
    const intake = { submit: async () => ({ rejected: 1, message: 'too old' }) }
    const { ask } = fixture({ ports: { ...house.ports, intake } })
    const response = await ask(PATH, post('{"kind":"deploy","title":"x"}'))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('too old')
  })
})
