import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { Secret } from '#core/config/secret.ts'
import type { Finding } from '#core/finding.ts'
import type { Log } from '#core/ports/log.ts'

import type { WebhookTarget } from '../channel.ts'
import { House, type HouseOptions } from '../testing/house.fixture.ts'
import { Peer } from '../testing/peer.fixture.ts'
import { alert, change, closed, finding, graphOf, MIN, opened, S, T0 } from '../testing/story.fixture.ts'

interface Sent {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

interface Hook {
  readonly status: string
  readonly alerts: readonly (Sent & { readonly status: string; readonly fingerprint: string })[]
}

/** Ms after `T0`. */
const since = (text: string): number => Date.parse(text) - T0

let peer: Peer
let url: string
const peers: Peer[] = []
const houses: House[] = []
const folders: string[] = []

async function another(): Promise<{ peer: Peer; url: string }> {
  const one = new Peer()
  peers.push(one)
  return { peer: one, url: await one.start() }
}

async function house(options: HouseOptions = {}): Promise<House> {
  const one = new House({ config: { alertmanager: { urls: [url] } }, ...options })
  houses.push(one)
  await one.alerting.sender.start()
  return one
}

function databaseFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-alerting-'))
  folders.push(folder)
  return join(folder, 'barograph.sqlite')
}

const hookAt = (at: string, send_resolved = true): WebhookTarget => ({ url: at, headers: {}, send_resolved })
const sent = (from = peer): Sent[] => (from.bodies() as Sent[][]).flat()
/** Alerts of the rule alone: each opens an incident too. */
const ofRule = (): Sent[] => sent().filter(({ labels }) => labels['alertname'] === 'ErrorsHigh')
const hooks = (from = peer): Hook[] => from.bodies() as Hook[]
const told = (from = peer): string[] =>
  hooks(from).map(({ status, alerts }) => `${status} ${alerts[0]?.labels['alertname']}`)

beforeEach(async () => {
  ;({ peer, url } = await another())
})
afterEach(async () => {
  for (const one of houses.splice(0)) await one.stop()
  for (const one of peers.splice(0)) await one.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

describe('an alert of a rule', () => {
  test('is sent when it fires, again before its end passes, and for 15 minutes after it resolved', async () => {
    const one = await house()
    const errors = alert({}, 0)
    one.fire(errors)
    for (let at_ms = 0; at_ms <= 5 * MIN; at_ms += S) {
      one.active.set(errors.labels.key, { ...errors, evaluated_ms: T0 + at_ms })
      await one.pass(at_ms, at_ms)
    }
    const firing = ofRule()
    expect(since(firing[0]!.startsAt)).toBe(0)
    expect(firing).toHaveLength(6)
    for (const [i, { endsAt }] of firing.entries()) {
      const next_ms = (i + 1) * MIN + S
      expect(since(endsAt)).toBeGreaterThan(next_ms)
      expect(since(endsAt)).toBeLessThanOrEqual(i * MIN + S + 4 * MIN)
    }
    one.at(5 * MIN + 30 * S)
    one.end(errors, 5 * MIN + 30 * S)
    await one.pass(5 * MIN + 31 * S, 30 * MIN)
    const resolved = ofRule().slice(firing.length)
    expect(new Set(resolved.map(({ endsAt }) => since(endsAt)))).toEqual(new Set([5 * MIN + 30 * S]))
    expect(resolved.length).toBe(16)
    expect(new Set(ofRule().map(({ labels }) => JSON.stringify(labels))).size).toBe(1)
  })

  test('that fires again is not ended by the end of before, told again', async () => {
    const one = await house()
    const [before, after] = [alert({}, 0), alert({}, 3 * MIN)]
    one.fire(before)
    await one.pass(0, MIN)
    one.at(MIN + 30 * S)
    one.end(before, MIN + 30 * S)
    await one.pass(MIN + 31 * S, 2 * MIN + 59 * S)
    const ends = ofRule().filter(
      ({ startsAt, endsAt }) => since(startsAt) === 0 && since(endsAt) === MIN + 30 * S,
    ).length
    expect(ends).toBeGreaterThan(0)
    one.at(3 * MIN)
    one.fire(after)
    for (let at_ms = 3 * MIN; at_ms <= 8 * MIN; at_ms += S) {
      one.active.set(after.labels.key, { ...after, evaluated_ms: T0 + at_ms })
      await one.pass(at_ms, at_ms)
    }
    const later = ofRule().filter(
      ({ startsAt, endsAt }) => since(startsAt) === 3 * MIN || since(endsAt) === MIN + 30 * S,
    )
    expect(later.slice(ends).map(({ startsAt }) => since(startsAt))).toEqual(Array.from({ length: 6 }, () => 3 * MIN))
  })

  test('carries the labels of this server, where it has none of its own', async () => {
    const external_labels = { cluster: 'eu', service: 'elsewhere' }
    const one = await house({ config: { alertmanager: { urls: [url], external_labels } } })
    one.fire(alert({ service: 'a' }, 0))
    await one.pass(0, MIN)
    expect(sent().map(({ labels }) => [labels['cluster'], labels['service']])).toEqual(sent().map(() => ['eu', 'a']))
    expect(ofRule()).not.toEqual([])
    expect(one.alerting.incidents.list({ limit: 1 })[0]!.alerts[0]!.labels.get('cluster')).toBe('')
  })

  test('of a slow group is believed for four of its intervals', async () => {
    const one = await house()
    one.fire(alert({}, 0, { interval_ms: 10 * MIN }))
    await one.pass(0, S)
    expect(since(ofRule()[0]!.endsAt)).toBeGreaterThanOrEqual(40 * MIN)
  })

  test('that its rule forgot is neither told again nor resolved: it is believed as long as was said', async () => {
    const hook = await another()
    const one = await house({ config: { alertmanager: { urls: [url] }, webhooks: [hookAt(hook.url)] } })
    const errors = alert({}, 0)
    one.fire(errors)
    await one.pass(0, MIN)
    const before = ofRule()
    one.at(MIN + 30 * S)
    one.forget(errors, MIN + 30 * S)
    await one.pass(MIN + 31 * S, 4 * MIN)
    const ofHook = () => told(hook.peer).filter((line) => line.endsWith('ErrorsHigh'))
    expect(ofHook()).toEqual(['firing ErrorsHigh'])
    await one.pass(4 * MIN, 30 * MIN)
    expect(ofRule()).toEqual(before)
    expect(ofHook()).toEqual(['firing ErrorsHigh', 'resolved ErrorsHigh'])
    expect(one.incidents().map(({ state }) => state)).toEqual(['resolved'])
  })

  test('whose rule cannot be evaluated is not told again before it can: it is believed as long as was said', async () => {
    const one = await house()
    const errors = alert({}, 0)
    one.fire(errors)
    await one.pass(0, MIN)
    const before = ofRule().length
    one.active.set(errors.labels.key, { ...errors, failing: true })
    await one.pass(MIN + S, 10 * MIN)
    expect(ofRule()).toHaveLength(before)
    one.active.set(errors.labels.key, errors)
    await one.pass(10 * MIN + S, 11 * MIN)
    const again = ofRule().slice(before)
    expect(again.length).toBeGreaterThan(0)
    expect(since(again[0]!.startsAt)).toBe(0)
    expect(since(again[0]!.endsAt)).toBeGreaterThan(11 * MIN)
  })

  test('that was over long ago is not sent, nor one that fired and ended between two looks', async () => {
    const one = await house()
    one.fire(alert({}, -60 * MIN, { evaluated_ms: T0 - 20 * MIN }))
    const short = alert({ service: 'x' }, 0)
    one.fire(short)
    one.end(short, 0)
    await one.pass(0, 2 * MIN)
    expect(ofRule()).toEqual([])
  })

  test('may have a label and an annotation that are called "labels"', async () => {
    const database = databaseFile()
    const config = { alertmanager: { urls: [url] } }
    const errors = alert({ labels: 'odd' }, 0, { annotations: { labels: 'a, b' } })
    const first = await house({ database, config })
    first.fire(errors)
    await first.pass(0, S)
    await first.stop()
    houses.splice(0)
    const second = await house({ database, config, clock: first.clock })
    second.fire(errors)
    await second.pass(MIN, MIN)
    expect(ofRule().map(({ labels, annotations }) => [labels['labels'], annotations['labels']])).toEqual([
      ['odd', 'a, b'],
      ['odd', 'a, b'],
    ])
  })
})

describe('an incident', () => {
  const graph = graphOf('a>db', 'b>db')

  test('is sent after a moment in which its cause may be heard of, and its labels stay', async () => {
    const one = await house({ graph })
    one.change(change('db', -MIN, 'v42'))
    one.finding(opened(finding('a', 0)))
    await one.pass(0, 5 * S)
    expect(sent()).toEqual([])
    one.finding(opened(finding('db', 5 * S, { peak_score: 20 })))
    await one.pass(6 * S, 20 * S)
    expect(sent().map(({ labels }) => labels)).toEqual([
      { alertname: 'BarographIncident', incident_id: one.incidents()[0]!.id, service: 'db', severity: 'warning' },
    ])
    // Now another service looks worse; who was woken for db must not be woken again.
    one.finding(opened(finding('b', MIN, { peak_score: 1e5 })))
    one.finding(opened(finding('db', MIN, { rule: 'Other' })))
    await one.pass(MIN, 3 * MIN)
    expect(new Set(sent().map(({ labels }) => JSON.stringify(labels))).size).toBe(1)
    expect(sent().at(-1)!.annotations['description']).toContain('of b is')
  })

  test('is described by what is trouble; what merely goes along comes last, and is counted', async () => {
    const one = await house()
    for (let i = 0; i < 15; i++) one.finding(opened(finding('a', 0, { rule: `Every${i}`, evidence: true })))
    one.finding(opened(finding('a', 0, { metric: 'queue_length', unit: '' })))
    one.fire(alert({ service_name: 'a' }, 0))
    await one.pass(0, 20 * S)
    const lines = sent()
      .findLast(({ labels }) => labels['incident_id'] !== undefined)!
      .annotations['description']!.split('\n')
    expect(lines.length).toBe(11)
    expect(lines).not.toContain('incident opened')
    expect(lines).toContain('alert ErrorsHigh: too many errors')
    expect(lines.filter((line) => line.startsWith('queue length of a is')).length).toBe(1)
    expect(lines.at(-1)).toBe('and 7 more')
  })

  test('that rises in severity: the old labels resolve, the new ones fire', async () => {
    const hook = await another()
    const one = await house({ graph, config: { alertmanager: { urls: [url] }, webhooks: [hookAt(hook.url)] } })
    one.finding(opened(finding('a', 0)))
    await one.pass(0, 30 * S)
    one.finding(opened(finding('a', 30 * S, { rule: 'Worse', severity: 'critical' })))
    await one.pass(31 * S, 40 * S)
    const severities = hooks(hook.peer).map(({ status, alerts }) => `${status} ${alerts[0]?.labels['severity']}`)
    expect(severities).toEqual(['firing warning', 'resolved warning', 'firing critical'])
    const [old, next] = sent().slice(-2)
    expect([old!.labels['severity'], next!.labels['severity']]).toEqual(['warning', 'critical'])
    expect(since(old!.endsAt)).toBeLessThanOrEqual(31 * S)
    expect(since(next!.endsAt)).toBeGreaterThan(2 * MIN)
    const fingerprints = new Set(hooks(hook.peer).map(({ alerts }) => alerts[0]?.fingerprint))
    expect(fingerprints.size).toBe(2)
  })

  test('that is older than 15 minutes is in the book and not sent, until something new joins it', async () => {
    const one = await house({ graph })
    one.finding(opened(finding('a', -16 * MIN)))
    await one.pass(0, MIN)
    expect(one.incidents()).toMatchObject([{ state: 'open' }])
    expect(sent()).toEqual([])
    one.finding(opened(finding('a', -5 * MIN, { rule: 'Fresh' })))
    await one.pass(MIN, 2 * MIN)
    expect(sent().length).toBeGreaterThan(0)
    expect(since(sent()[0]!.startsAt)).toBe(-16 * MIN)
  })

  test('that was sent is told to be over, however late that is heard', async () => {
    const one = await house({ graph })
    const slow = finding('a', 0)
    one.finding(opened(slow))
    await one.pass(0, MIN)
    one.clock.advanceTo(T0 + 3 * 60 * MIN)
    one.finding(closed(slow, 2 * MIN))
    one.alerting.tick(T0 + 3 * 60 * MIN)
    await one.pass(3 * 60 * MIN, 3 * 60 * MIN + 5 * S)
    const last = sent().at(-1)!
    expect(since(last.endsAt)).toBe(7 * MIN)
    expect(one.incidents()).toMatchObject([{ state: 'resolved' }])
  })

  test('that is resolved within its first moment wakes nobody', async () => {
    const one = await house({ graph })
    one.finding(opened(finding('a', 0)))
    await one.pass(0, 5 * S)
    const incident = one.incidents()[0]!.id
    one.alerting.command({ kind: 'command', command: 'resolve', incident, by: 'ada', at_ms: T0 + 5 * S })
    await one.pass(6 * S, MIN)
    expect(sent()).toEqual([])
  })
})

test('a webhook hears of each beginning and each end once, and of no end where it does not want to', async () => {
  const quiet = await another()
  const one = await house({ config: { webhooks: [hookAt(url), hookAt(quiet.url, false)] } })
  const errors = alert({ service: 'a' }, 0)
  one.fire(errors)
  await one.pass(0, 10 * MIN)
  expect(told()).toEqual(['firing ErrorsHigh', 'firing BarographIncident'])
  one.end(errors, 10 * MIN)
  await one.pass(10 * MIN, 40 * MIN)
  expect(told().slice(2)).toEqual(['resolved ErrorsHigh', 'resolved BarographIncident'])
  const recorded = one.alerting
    .messages()
    .map(({ status, ends_at }) => `${status} ${ends_at === undefined ? '' : since(ends_at) / MIN}`)
  expect(recorded).toEqual(['firing ', 'firing ', 'resolved 10', 'resolved 15'])
  expect(told(quiet.peer)).toEqual(['firing ErrorsHigh', 'firing BarographIncident'])
})

describe('after a restart', () => {
  test('nobody is told twice, labels stay, and what ended meanwhile is told', async () => {
    const database = databaseFile()
    const hook = await another()
    const config = { alertmanager: { urls: [url] }, webhooks: [hookAt(hook.url)] }
    const graph = graphOf('a>db')
    const first = await house({ database, config, graph })
    const [errors, slow] = [alert({ service: 'a' }, 0), finding('a', 0)]
    first.fire(errors)
    first.finding(opened(slow))
    await first.pass(0, 5 * MIN)
    const before = sent().length
    expect(told(hook.peer)).toEqual(['firing ErrorsHigh', 'firing BarographIncident'])
    const saved = first.alerting.snapshots[0]!.save()
    await first.stop()
    houses.splice(0)

    const second = new House({ database, config, graph, clock: first.clock })
    houses.push(second)
    second.alerting.sender.hold()
    second.alerting.snapshots[0]!.load(saved)
    second.active.set(errors.labels.key, { ...errors, evaluated_ms: T0 + 5 * MIN })
    second.findings.set(slow.id, slow)
    await second.alerting.sender.start()
    // The journal is applied: it changes what looks like the cause.
    second.finding(opened(finding('db', 5 * MIN, { peak_score: 1e5 })))
    await second.pass(5 * MIN, 5 * MIN + 5 * S)
    expect(sent()).toHaveLength(before)
    second.alerting.sender.release()
    await second.pass(5 * MIN + 6 * S, 8 * MIN)
    expect(told(hook.peer)).toHaveLength(2)
    expect(sent().length).toBeGreaterThan(before)
    expect(new Set(sent().map(({ labels }) => JSON.stringify(labels))).size).toBe(2)

    second.end(errors, 8 * MIN)
    await second.pass(8 * MIN, 9 * MIN)
    expect(told(hook.peer).slice(2)).toEqual(['resolved ErrorsHigh'])
  })

  test('an incident that nobody remembers any more is ended, and that is told', async () => {
    const database = databaseFile()
    const config = { webhooks: [hookAt(url)] }
    const first = await house({ database, config })
    first.finding(opened(finding('a', 0)))
    await first.pass(0, MIN)
    await first.stop()
    houses.splice(0)
    const second = new House({ database, config, clock: first.clock })
    houses.push(second)
    second.alerting.sender.hold()
    await second.alerting.sender.start()
    second.finding(opened(finding('b', 2 * MIN)))
    second.at(2 * MIN)
    second.alerting.sender.release()
    await second.pass(2 * MIN, 2 * MIN + 5 * S)
    const known = second.incidents().map(({ symptom, state }) => `${symptom} ${state}`)
    expect(known).toEqual(['b open', 'a resolved'])
    expect(told().slice(0, 2)).toEqual(['firing BarographIncident', 'resolved BarographIncident'])
  })

  test('what could not be told before is told', async () => {
    const database = databaseFile()
    const config = { webhooks: [hookAt(url)] }
    peer.status = 503
    const first = await house({ database, config })
    const errors = alert({}, 0)
    first.fire(errors)
    await first.pass(0, 3 * S)
    await first.stop()
    houses.splice(0)
    peer.status = 200
    const heard = peer.heard.length
    const second = await house({ database, config, clock: first.clock })
    second.fire(errors)
    await second.pass(4 * S, 6 * S)
    expect(told().slice(heard)).toEqual(['firing ErrorsHigh'])
  })

  test('documents that waited for a server that was away are written', async () => {
    const database = databaseFile()
    const elasticsearch = { url, write: ['incidents', 'findings'] } as const
    peer.status = 503
    const first = await house({ database, config: { elasticsearch } })
    const slow = finding('a', 0)
    first.finding(opened(slow))
    await first.pass(0, 3 * S)
    const saved = first.alerting.snapshots[0]!.save()
    await first.stop()
    houses.splice(0)
    expect(bulked()).toEqual([])

    peer.status = 200
    const second = new House({ database, config: { elasticsearch }, clock: first.clock })
    houses.push(second)
    second.alerting.snapshots[0]!.load(saved)
    second.findings.set(slow.id, slow)
    second.findings.set('old', { ...finding('x', -48 * 60 * MIN), id: 'old', state: 'closed' })
    await second.alerting.sender.start()
    await second.pass(5 * S, 6 * S)
    expect(bulked().toSorted()).toEqual([`${slow.id}-open`, second.incidents()[0]!.id])
  })
})

/** Ids of the documents in bulk requests, in order. */
function bulked(): string[] {
  return peer.heard
    .filter(({ path }) => path === '/_bulk')
    .flatMap(({ body }) => body.split('\n'))
    .flatMap((line) => /^\{"(?:index|create)":\{[^}]*"_id":"([^"]+)"/.exec(line)?.[1] ?? [])
}

test('a document of an incident that goes on follows every ten seconds, what begins or ends at once', async () => {
  const one = await house({ config: { elasticsearch: { url, write: ['incidents'] } } })
  const slow: Finding = finding('a', 0)
  for (let at_ms = 0; at_ms < MIN; at_ms += S) {
    one.finding({ ...opened({ ...slow, last_ms: T0 + at_ms }), type: at_ms === 0 ? 'opened' : 'updated' })
    one.at(at_ms)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(bulked().length).toBeLessThanOrEqual(7)
  expect(bulked().length).toBeGreaterThanOrEqual(5)
})

describe('peers', () => {
  test('get every batch, each for itself, of at most 256 alerts', async () => {
    const other = await another()
    const one = await house({ config: { alertmanager: { urls: [url, `${other.url}/prefix`] } } })
    for (let n = 0; n < 600; n++) one.fire(alert({ n: String(n) }, 0))
    await one.pass(0, S)
    for (const from of [peer, other.peer]) {
      const sizes = (from.bodies() as Sent[][]).map(({ length }) => length)
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(600)
      expect(Math.max(...sizes)).toBe(256)
      expect(new Set(sent(from).map(({ labels }) => labels['n'])).size).toBeGreaterThanOrEqual(600)
    }
    expect(other.peer.heard[0]?.path).toBe('/prefix/api/v2/alerts')
  })

  test('that do not answer hold up nobody, and nothing waits for them without end', async () => {
    const dead = await another()
    dead.peer.silent = true
    const one = await house({ config: { alertmanager: { urls: [dead.url, url] } } })
    one.fire(alert({}, 0))
    for (let at_ms = 0; at_ms <= 3 * MIN; at_ms += S) {
      one.at(at_ms)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(sent().length).toBeGreaterThanOrEqual(3)
    expect(dead.peer.heard.length).toBeGreaterThanOrEqual(2)
    expect(dead.peer.heard.length).toBeLessThanOrEqual(8)
    const stopping = one.stop()
    houses.splice(0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    one.clock.advanceTo(T0 + 4 * MIN)
    await stopping
  })

  test('that come back are told, and so is the log: once that it failed, once that it works', async () => {
    const lines: string[] = []
    const keep = (message: string): void => void lines.push(message)
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
    const hook: WebhookTarget = { url, headers: { authorization: new Secret('Bearer x-y-z') }, send_resolved: true }
    const one = await house({ log, config: { webhooks: [hook] } })
    peer.status = 500
    one.fire(alert({}, 0))
    await one.pass(0, 2 * MIN)
    const tries = peer.heard.length
    expect(tries).toBeGreaterThan(4)
    expect(tries).toBeLessThan(10)
    peer.status = 200
    await one.pass(2 * MIN, 8 * MIN)
    expect(told().slice(tries)).toEqual(['firing ErrorsHigh', 'firing BarographIncident'])
    expect(peer.heard[0]?.headers['authorization']).toBe('Bearer x-y-z')
    expect(lines).toEqual(['a channel fails', 'a channel works again'])
  })

  test('that refuse a message for good are not asked again, and hear of the next', async () => {
    const one = await house({ config: { webhooks: [hookAt(url)] } })
    peer.status = 400
    one.fire(alert({ n: '1' }, 0))
    await one.pass(0, MIN)
    one.fire(alert({ n: '2' }, MIN))
    await one.pass(MIN, 2 * MIN)
    expect(told()).toHaveLength(4)
    expect(new Set(hooks().map(({ alerts }) => alerts[0]?.fingerprint)).size).toBe(4)
  })
})

test('history that comes late makes incidents and wakes nobody', async () => {
  const hook = await another()
  const one = await house({ config: { alertmanager: { urls: [url] }, webhooks: [hookAt(hook.url)] } })
  const day = 24 * 60 * MIN
  await one.pass(0, S)
  for (let n = 0; n < 20; n++) {
    const slow = finding('a', n * 60 * MIN - 2 * day)
    one.finding(opened(slow))
    one.finding(closed(slow, n * 60 * MIN - 2 * day + 10 * MIN))
    const errors = alert({ service: 'a' }, n * 60 * MIN - 2 * day, { evaluated_ms: T0 + n * 60 * MIN - 2 * day })
    one.fire(errors)
    one.end(errors, n * 60 * MIN - 2 * day + 5 * MIN)
  }
  await one.pass(2 * S, 3 * MIN)
  expect(one.incidents()).toHaveLength(20)
  expect(new Set(one.incidents().map(({ state }) => state))).toEqual(new Set(['resolved']))
  expect(one.incidents()[0]?.resolved_ms).toBe(T0 + 19 * 60 * MIN - 2 * day + 15 * MIN)
  expect(peer.heard).toEqual([])
  expect(hook.peer.heard).toEqual([])
})
