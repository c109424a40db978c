import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { AlertEvent } from '#core/alert.ts'
import type { Change } from '#core/change.ts'
import type { FindingEvent } from '#core/finding.ts'
import type { IncidentEvent } from '#core/incident.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { ServiceGraph } from '#core/ports/service-graph.ts'

import { alert, change, closed, ends, finding, fires, graphOf, MIN, opened, S, T0 } from '../testing/story.fixture.ts'
import { Correlator, type CorrelatorLimits } from './correlator.ts'
import { correlatorSnapshot } from './snapshot.ts'

class Room {
  readonly events: IncidentEvent[] = []
  readonly dropped: string[] = []
  readonly correlator: Correlator

  constructor(graph: ServiceGraph, limits: Partial<CorrelatorLimits> = {}) {
    const counter = { add: (_: number, { limit = '' } = {}) => this.dropped.push(limit) }
    const meter = { ...silentMeter, counter: () => counter }
    this.correlator = new Correlator({ graph, limits, meter, onIncident: (event) => this.events.push(event) })
  }

  get open() {
    return this.correlator.open()
  }

  find(...args: Parameters<typeof finding>): FindingEvent {
    const event = opened(finding(...args))
    this.correlator.finding(event)
    return event
  }

  told(): string[] {
    return this.events.map(({ type }) => type)
  }
}

const shop = graphOf('a>db', 'b>db', 'c>db', 'x>y')

describe('joining', () => {
  test('a database that three callers see is one incident, blamed on it and its deploy', () => {
    const room = new Room(shop)
    const deploy = change('db', -2 * MIN)
    room.correlator.change(deploy)
    room.find('db', 0, { evidence: true, peak_score: 9 })
    for (const [i, service] of ['a', 'b', 'c'].entries()) room.find(service, (i + 1) * 10 * S, { severity: 'error' })
    const [incident, ...more] = room.open
    expect(more).toEqual([])
    expect(incident).toMatchObject({ severity: 'error', symptom: 'a', services: ['db', 'a', 'b', 'c'] })
    expect(incident?.causes[0]).toMatchObject({ service: 'db', change: deploy.id })
    expect(incident?.changes).toEqual([deploy.id])
    expect(incident?.joins.map(({ reason }) => reason.kind)).toEqual(['opened', 'change', 'call', 'call', 'call'])
    expect(room.told()).toEqual(['opened'])
  })

  test('callers of a service without metrics meet in its deploy', () => {
    const room = new Room(shop)
    room.correlator.change(change('db', -MIN))
    for (const service of ['a', 'b', 'c']) room.find(service, 0)
    expect(room.open).toHaveLength(1)
    expect(room.open[0]?.causes[0]?.service).toBe('db')
  })

  test('the deploy that connects callers may be heard of after they are incidents', () => {
    const room = new Room(shop)
    for (const service of ['a', 'b', 'x', 'c']) room.find(service, 0)
    expect(room.open).toHaveLength(4)
    const deploy = change('db', -MIN)
    room.correlator.change(deploy)
    expect(room.open.map(({ services }) => services.toSorted())).toEqual([['a', 'b', 'c', 'db'], ['x']])
    expect(room.open[0]?.causes[0]).toMatchObject({ service: 'db', change: deploy.id })
    expect(room.told()).toEqual(['opened', 'opened', 'opened', 'opened', 'resolved', 'resolved'])
  })

  test('a deploy too long before its callers suffer connects none of them', () => {
    const room = new Room(shop)
    for (const service of ['a', 'b']) room.find(service, 0)
    room.correlator.change(change('db', -30 * MIN))
    expect(room.open.map(({ changes }) => changes.length)).toEqual([1, 1])
  })

  test('services that do not call each other are two incidents', () => {
    const room = new Room(shop)
    room.find('a', 0)
    room.find('x', S)
    expect(room.open.map(({ services }) => services)).toEqual([['a'], ['x']])
  })

  test('the same service an hour later is another incident', () => {
    const room = new Room(shop)
    room.find('a', 0)
    room.find('a', 60 * MIN)
    expect(room.open).toHaveLength(2)
  })

  test('event times are compared, whatever the order of arrival', () => {
    const room = new Room(shop)
    room.find('a', 20 * MIN)
    room.correlator.tick(T0 + 60 * MIN)
    room.find('a', 10 * MIN, { rule: 'Late' })
    expect(room.open.map(({ findings }) => findings.length)).toEqual([2])
  })

  test('a member that connects two incidents merges the younger into the older', () => {
    const room = new Room(graphOf('a>m', 'm>z'))
    room.find('a', 0)
    room.find('z', S)
    const [older, younger] = room.open
    room.find('m', 2 * S)
    expect(room.open.map(({ id }) => id)).toEqual([older?.id])
    expect(room.open[0]).toMatchObject({ services: ['a', 'z', 'm'], symptom: 'a' })
    expect(room.open[0]?.joins.map(({ reason }) => reason.kind)).toEqual(['opened', 'call', 'call'])
    const merged = room.events.at(-1)
    expect(merged).toMatchObject({ type: 'resolved', incident: { id: younger?.id, state: 'resolved' } })
    expect(merged?.incident.timeline.at(-1)).toMatchObject({ what: 'resolved', ref: older?.id })
  })

  test('a change that both incidents had stands in the timeline once when they merge', () => {
    const room = new Room(graphOf('a>m', 'm>z'))
    room.correlator.change(change('', -MIN))
    room.find('a', 0)
    room.find('z', S)
    expect(room.open.map(({ changes }) => changes.length)).toEqual([1, 1])
    room.find('m', 2 * S)
    expect(room.open[0]?.timeline.map(({ what }) => what)).toEqual([
      'change',
      'opened',
      'finding',
      'finding',
      'finding',
    ])
  })

  test('evidence alone opens nothing, and who has no service joins nobody', () => {
    const room = new Room(shop)
    room.find('a', 0, { evidence: true })
    expect(room.open).toEqual([])
    room.find('', 0)
    room.find('', S)
    expect(room.open.map(({ services }) => services)).toEqual([[], []])
  })

  test('evidence that waits joins what opens later, the newest so many of it', () => {
    const room = new Room(shop, { waiting: 1 })
    room.find('a', 0, { evidence: true })
    const second = room.find('a', S, { evidence: true })
    const third = room.find('a', 2 * S)
    expect(room.open[0]?.findings).toEqual([second.finding.id, third.finding.id])
  })

  test('what speaks most for a cause is said first, of equals the older', () => {
    const room = new Room(shop)
    const [weak, late] = [room.find('a', 0, { peak_score: 2 }), room.find('a', 2 * MIN, { peak_score: 4 })]
    const early = room.find('a', MIN, { peak_score: 4 })
    const spoken = room.open[0]?.causes[0]?.evidence.map(({ ref }) => ref)
    expect(spoken).toEqual([early, late, weak].map((one) => one.finding.id))
  })

  test('what goes on is in the timeline once, what begins again is there again', () => {
    const room = new Room(shop)
    const event = room.find('a', 0)
    const errors = alert({ service: 'a' }, MIN)
    room.correlator.alert(fires(errors))
    room.correlator.finding({ ...event, type: 'updated', at_ms: T0 + 2 * MIN })
    room.correlator.alert(ends(errors, 3 * MIN))
    room.correlator.alert(fires({ ...errors, fired_ms: T0 + 4 * MIN }))
    const told = room.open[0]?.timeline.map(({ what }) => what)
    expect(told).toEqual(['opened', 'finding', 'alert', 'alert_resolved', 'alert'])
    const spoken = room.open[0]?.causes[0]?.evidence.find(({ kind }) => kind === 'alert')
    expect(spoken?.at_ms).toBe(T0 + MIN)
  })

  test('a late change joins the incident that came after it, one behind it does not', () => {
    const room = new Room(shop)
    room.find('a', 0)
    const [early, everywhere] = [change('db', -59 * MIN), change('', -MIN)]
    for (const one of [early, everywhere, change('a', MIN), change('db', -61 * MIN), change('x', -MIN)]) {
      room.correlator.change(one)
      room.correlator.change(one)
    }
    expect(room.open[0]?.changes).toEqual([early.id, everywhere.id])
  })
})

describe('the end', () => {
  test('comes when every member has closed and it has been quiet', () => {
    const room = new Room(shop)
    const { finding: one } = room.find('a', 0)
    const two = alert({ service: 'a', severity: 'critical' }, MIN)
    room.correlator.alert(fires(two))
    room.correlator.finding(closed(one, 5 * MIN))
    room.correlator.tick(T0 + 60 * MIN)
    room.correlator.alert(ends(two, 61 * MIN))
    room.correlator.tick(T0 + 65 * MIN)
    expect(room.told()).toEqual(['opened', 'updated', 'updated'])
    room.correlator.tick(T0 + 66 * MIN)
    expect(room.events.at(-1)).toMatchObject({
      type: 'resolved',
      incident: { severity: 'critical', resolved_ms: T0 + 66 * MIN },
    })
    expect(room.open).toEqual([])
  })

  test('can be made by a person; what goes on does not open it again, what begins anew does', () => {
    const room = new Room(shop)
    const event = room.find('a', 0)
    const id = room.open[0]?.id ?? ''
    const by = { kind: 'command', incident: id, by: 'ann', at_ms: T0 + MIN } as const
    expect(room.correlator.command({ ...by, command: 'ack' })).toBe(true)
    expect(room.correlator.command({ ...by, command: 'ack' })).toBe(true)
    expect(room.correlator.command({ ...by, command: 'resolve' })).toBe(true)
    expect(room.correlator.command({ ...by, command: 'ack' })).toBe(false)
    room.correlator.finding({ ...event, type: 'updated', at_ms: T0 + 2 * MIN })
    room.correlator.finding(closed(event.finding, 3 * MIN))
    expect(room.open).toEqual([])
    room.find('a', 4 * MIN)
    expect(room.open).toHaveLength(1)
    expect(room.told()).toEqual(['opened', 'acknowledged', 'resolved', 'opened'])
  })
})

test('limits hold, and what they keep out is counted', () => {
  const room = new Room(shop, { open_incidents: 1, incident_members: 2, waiting: 1 })
  room.find('a', 0)
  room.find('x', 0)
  room.find('a', S)
  room.find('a', 2 * S)
  room.find('y', 0, { evidence: true })
  room.find('y', S, { evidence: true })
  expect(room.dropped).toEqual(['open_incidents', 'incident_members', 'waiting'])
  expect(room.open[0]?.findings).toHaveLength(2)
})

type Step = { finding: FindingEvent } | { alert: AlertEvent } | { change: Change } | { tick: number }

const SERVICES = ['a', 'b', 'db', 'x', 'y', '']
const step: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.nat(5),
    service: fc.constantFrom(...SERVICES),
    at_ms: fc.nat(90).map((minutes) => minutes * MIN),
    evidence: fc.boolean(),
  })
  .map(({ kind, service, at_ms, evidence }): Step => {
    if (kind < 2) return { finding: opened(finding(service, at_ms, { evidence })) }
    if (kind === 2) return { finding: closed(finding(service, at_ms), at_ms + MIN) }
    if (kind === 3) return { alert: fires(alert({ service }, at_ms)) }
    return kind === 4 ? { change: change(service, at_ms) } : { tick: T0 + at_ms }
  })

function apply({ correlator }: Room, steps: readonly Step[]): void {
  for (const one of steps) {
    if ('finding' in one) correlator.finding(one.finding)
    else if ('alert' in one) correlator.alert(one.alert)
    else if ('change' in one) correlator.change(one.change)
    else correlator.tick(one.tick)
  }
}

test('the same inputs make the same incidents, byte for byte, over a restart at any place', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, cut) => {
      const whole = new Room(shop)
      apply(whole, steps)
      const first = new Room(shop)
      apply(first, steps.slice(0, cut))
      const second = new Room(shop)
      correlatorSnapshot(second.correlator).load(correlatorSnapshot(first.correlator).save())
      apply(second, steps.slice(cut))
      expect(JSON.stringify([...first.events, ...second.events])).toBe(JSON.stringify(whole.events))
      expect(JSON.stringify(second.open)).toBe(JSON.stringify(whole.open))
      for (const { causes } of whole.open) {
        const total = causes.reduce((all, { share }) => all + share, 0)
        expect(causes.length === 0 ? 1 : total).toBeCloseTo(1, 9)
      }
      const members = whole.open.flatMap(({ findings }) => findings)
      expect(new Set(members).size).toBe(members.length)
    }),
    { numRuns: 150 },
  )
})

test('a snapshot of another version, or none at all, is refused', () => {
  const snapshot = correlatorSnapshot(new Room(shop).correlator)
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  expect(() => snapshot.load(bytes('{"version":2}'))).toThrow(/version 2, not 1/)
  expect(() => snapshot.load(bytes('no'))).toThrow(/cannot be read/)
})
