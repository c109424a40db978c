import { expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { LiveEvent } from '#core/ports/live.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'

import { liveText } from '../forms/live.ts'
import { House } from '../testing/api.fixture.ts'
import { hint, incident } from '../testing/verdicts.fixture.ts'
import { Streams } from './streams.ts'

const HINT: LiveEvent = { kind: 'hint', hint }
const INCIDENT: LiveEvent = { kind: 'incident', event: { type: 'opened', at_ms: incident.opened_ms, incident } }

const EN = { language: 'en', zone: 'UTC' } as const
const ZH = { language: 'zh', zone: 'UTC' } as const

function setUp(limits: { clients?: number; bytes?: number } = {}) {
  const house = new House()
  const clock = new ManualClock()
  const counts = new Map<string, number>()
  const meter: Meter = {
    ...silentMeter,
    counter: (name) => ({ add: (value) => void counts.set(name, (counts.get(name) ?? 0) + value) }),
  }
  const encoded: string[] = []
  const streams = new Streams({
    live: house.ports.live,
    encode(event, locale) {
      encoded.push(locale.language)
      return liveText(event, house.ports, locale)
    },
    clock,
    meter,
    clients: 2,
    bytes: 100_000,
    ...limits,
  })
  return { house, clock, counts, encoded, streams }
}

test('every reader hears every event, in his language, written once a language', async () => {
  const { house, streams, encoded } = setUp({ clients: 3 })
  const bodies = [streams.open(EN), streams.open(EN), streams.open(ZH)].map((body) => new Response(body).text())
  house.say(INCIDENT)
  streams.close()
  const [first, second, chinese] = await Promise.all(bodies)
  expect(first).toBe(second)
  expect(first).toContain(`event: incident\nid: ${incident.id}-${incident.opened_ms}\ndata: {"type":"opened",`)
  expect(chinese).not.toBe(first)
  expect(encoded).toEqual(['en', 'zh'])
})

test('a quiet stream shows every 15 s that it lives', async () => {
  const { clock, streams } = setUp()
  const body = new Response(streams.open(EN)).text()
  clock.advanceTo(30_000)
  streams.close()
  expect(await body).toBe('retry: 3000\n\n: still here\n\n: still here\n\n')
})

test('a reader who does not read is dropped and counted; the others go on', async () => {
  const { house, counts, streams } = setUp({ bytes: 3000 })
  const slow = streams.open(EN)
  const good = streams.open(EN).getReader()
  let read = ''
  for (let i = 0; i < 20; i++) {
    house.say(HINT)
    const { value } = await good.read()
    read += new TextDecoder().decode(value)
  }
  expect(counts.get('barograph.api.stream.dropped')).toBe(1)
  expect(read.match(/event: hint/g)).toHaveLength(19)
  await expect(new Response(slow).text()).rejects.toThrow('too slow')
  streams.close()
})

test('one reader too many is refused and counted, until another goes', async () => {
  const { house, counts, streams } = setUp({ clients: 1 })
  const first = streams.open(EN)
  expect(() => streams.open(EN)).toThrow(ServiceError)
  expect(counts.get('barograph.api.stream.refused')).toBe(1)
  await first.cancel()
  expect(house.listeners.size).toBe(0)
  expect(() => streams.open(EN)).not.toThrow()
})
