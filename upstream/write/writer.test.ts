import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'

import { Receiver } from '../testing/receiver.fixture.ts'
import { NOW, removeFolders, Stand, type StandOptions, temporaryFolder, until } from '../testing/stand.fixture.ts'

let receiver: Receiver
const stands: Stand[] = []

function stand(options: Partial<StandOptions> = {}): Stand {
  const one = new Stand({ url: receiver.url, ...options })
  stands.push(one)
  return one
}

beforeEach(async () => {
  receiver = new Receiver()
  await receiver.start()
})
afterEach(async () => {
  for (const one of stands.splice(0)) await one.stop(0)
  await receiver.stop()
  removeFolders()
})

describe.each([1, 2] as const)('a writer of remote write %i.0', (version) => {
  test('sends every sample once, each series in its order', async () => {
    const one = stand({ version })
    one.writers.start()
    const sum = one.rounds(0, 40, 30)
    await one.stop()
    expect([receiver.samples, receiver.sum]).toEqual([1200, sum])
    for (const kept of receiver.series.values())
      expect(kept.map(({ time_ms }) => time_ms)).toEqual(kept.map((_, i) => NOW + i * 1000))
    expect(receiver.requests.every((request) => request.version === version && request.samples <= 100)).toBe(true)
    expect(one.writer.state()).toMatchObject({
      waiting: 0,
      bytes: 0,
      trouble: '',
      counts: { sent: 1200, refused: 0, dropped: 0 },
    })
  })

  test('tries again what is not taken, as the receiver asks, and loses nothing', async () => {
    const answers = [{ status: 503 }, { status: 429, headers: { 'retry-after': '0' } }, { status: 500 }]
    receiver.trouble = (request) => answers[request]
    const one = stand({ version, shards: 1 })
    one.writers.start()
    const sum = one.rounds(0, 10, 10)
    await until('it is sent', () => receiver.samples === 100)
    await one.stop()
    expect(receiver.sum).toBe(sum)
    expect(receiver.requests.slice(0, 4).map(({ headers }) => headers['retry-attempt'])).toEqual([
      undefined,
      '1',
      '2',
      '3',
    ])
    expect(one.warnings).toEqual(['an upstream does not take samples'])
  })

  test('sends exemplars along with a sample of their series, each once, in order of time', async () => {
    const one = stand({ version, shards: 2, exemplars: 100 })
    one.writers.start()
    const exemplars = [
      ['a', NOW - 1, 2],
      ['a', NOW - 2, 1],
      ['b', NOW - 1, 3],
    ] as const
    one.put([['a', NOW, 1]], 'received', exemplars)
    await until('a is sent', () => receiver.samples === 1)
    // That of b has waited for a sample; those of a are known.
    one.put(
      [
        ['a', NOW + 1, 1],
        ['b', NOW + 1, 1],
      ],
      'received',
      exemplars,
    )
    await one.stop()
    expect(Object.fromEntries(receiver.exemplars)).toEqual({ 'a{job="test"}': [1, 2], 'b{job="test"}': [3] })
    expect(one.exemplars).toEqual({ attached: 3 })
    expect(one.writer.state().counts).toMatchObject({ sent: 3, refused: 0 })
  })

  test('sends exemplars with a request that is tried again, and with halves of one', async () => {
    receiver.series.set('m5{job="test"}', [{ time_ms: NOW + 3_600_000, value: 1 }])
    receiver.trouble = (request) => (request === 0 ? { status: 503 } : undefined)
    const one = stand({ version, shards: 1, exemplars: 100, limits: { batch: 20 } })
    one.writers.start()
    one.put(
      Array.from({ length: 10 }, (_, i) => [`m${i}`, NOW, 1] as const),
      'received',
      Array.from({ length: 10 }, (_, i) => [`m${i}`, NOW, i + 1] as const),
    )
    await one.stop()
    const found = Array.from({ length: 10 }, (_, i) => receiver.exemplars.get(`m${i}{job="test"}`)?.at(-1))
    expect(found).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(one.writer.state().counts).toMatchObject({ sent: 9, refused: 1 })
  })

  test('lets go of what is refused for good, counts it, and goes on', async () => {
    receiver.trouble = (request) => (request === 0 ? { status: 403 } : undefined)
    const one = stand({ version, shards: 1 })
    one.writers.start()
    one.rounds(0, 30, 10)
    await one.stop()
    expect(receiver.samples).toBe(200)
    expect(one.writer.state().counts).toMatchObject({ sent: 200, refused: 100 })
  })

  test('says in each request what it is', async () => {
    const one = stand({ version })
    one.writers.start()
    one.put([['a', NOW, 1]])
    await one.stop()
    expect(receiver.requests[0]!.headers).toMatchObject({
      'content-encoding': 'snappy',
      'user-agent': 'barograph/test',
      'x-prometheus-remote-write-version': version === 1 ? '0.1.0' : '2.0.0',
    })
  })
})

describe('a writer', () => {
  test('saves what is good of a request in which one sample is bad', async () => {
    receiver.series.set('m5{job="test"}', [{ time_ms: NOW + 3_600_000, value: 1 }])
    const one = stand({ shards: 1 })
    one.writers.start()
    one.rounds(0, 1, 100)
    await one.stop()
    expect(one.writer.state().counts).toMatchObject({ sent: 99, refused: 1 })
    expect(receiver.requests.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(100)) + 1)
  })

  test('counts what a receiver of 2.0 has kept of a request that it refuses', async () => {
    receiver.series.set('m5{job="test"}', [{ time_ms: NOW + 3_600_000, value: 1 }])
    const one = stand({ shards: 1, version: 2 })
    one.writers.start()
    one.rounds(0, 1, 100)
    await one.stop()
    expect(one.writer.state().counts).toMatchObject({ sent: 99, refused: 1 })
    expect(receiver.requests).toHaveLength(1)
  })

  test('does not believe a receiver of 2.0 that does not say what it has written', async () => {
    receiver.silent = true
    const one = stand({ version: 2, shards: 1 })
    one.writers.start()
    one.put([['a', NOW, 1]])
    await one.stop()
    expect(one.writer.state()).toMatchObject({
      counts: { sent: 0, refused: 1 },
      trouble: expect.stringContaining('version: 1'),
    })
  })

  test('waits for a receiver that is away, and drops the oldest when there is no more room', async () => {
    await receiver.stop()
    const one = stand({ shards: 1, limits: { samples: 500 } })
    one.writers.start()
    one.rounds(0, 10, 10)
    await until('it was tried', () => one.writer.state().counts.retried > 0)
    one.rounds(10, 90, 10)
    const state = one.writer.state()
    expect(state.waiting).toBeLessThanOrEqual(600)
    expect(state.counts.dropped).toBeGreaterThanOrEqual(400)
    await receiver.start()
    await until('it is sent', () => one.writer.state().waiting === 0)
    const times = [...receiver.series.values()].flatMap((kept) => kept.map(({ time_ms }) => time_ms))
    expect(Math.max(...times)).toBe(NOW + 99_000)
    expect(receiver.samples + one.writer.state().counts.dropped).toBe(1000)
    expect(one.warnings).toHaveLength(1)
  })

  test('gives up on an answer that does not come, and tries again', async () => {
    receiver.delay_ms = 2500
    const one = stand({ shards: 1 })
    one.writers.start()
    one.put([['a', NOW, 1]])
    await until('the time limit', () => one.writer.state().counts.retried > 0)
    receiver.delay_ms = 0
    await until('it is sent', () => one.writer.state().counts.sent === 1)
    expect(one.warnings).toHaveLength(1)
  })

  test('has one request under way in each shard', async () => {
    receiver.delay_ms = 10
    const one = stand({ shards: 3, limits: { batch: 10 } })
    one.writers.start()
    one.rounds(0, 30, 9)
    await one.stop(5000)
    expect(receiver.most).toBe(3)
    expect(receiver.samples).toBe(270)
  })

  test('sends results alone where that is asked for, and neither log counts nor the future', async () => {
    const one = stand({ what: 'results', clock: new ManualClock(NOW) })
    one.writers.start()
    one.put([['received', NOW, 1]])
    one.put(
      [
        ['barograph_score', NOW, 1],
        ['barograph_log_records_total', NOW, 1],
        ['barograph_replicas', NOW + 1, 1],
      ],
      'derived',
    )
    await one.stop()
    expect([...receiver.series.keys()]).toEqual(['barograph_score{job="test"}'])
    expect(one.writer.state().counts).toMatchObject({ sent: 1, left_out: 1 })
  })

  test('sends no exemplars unless that is wanted', async () => {
    const one = stand()
    one.writers.start()
    one.put([['a', NOW, 1]], 'received', [['a', NOW, 1]])
    await one.stop()
    expect(receiver.exemplars.size).toBe(0)
  })

  test('lets go of the oldest exemplars that wait for a sample beyond their limit, and of those of samples left out', async () => {
    const one = stand({ exemplars: 3, clock: new ManualClock(NOW), max_age_ms: 60_000 })
    one.writers.start()
    one.put(
      [],
      'received',
      Array.from({ length: 5 }, (_, i) => ['a', NOW + i, i] as const),
    )
    one.put(
      [
        ['a', NOW + 9, 1],
        ['b', NOW - 61_000, 1],
      ],
      'received',
      [['b', NOW, 7]],
    )
    one.put([['b', NOW, 1]])
    await one.stop()
    expect([...receiver.exemplars]).toEqual([['a{job="test"}', [3, 4]]])
    expect(one.exemplars).toEqual({ attached: 2, dropped: 3 })
  })

  test('leaves out what is old, what came from an upstream, and what is not the newest of its series', async () => {
    const one = stand({ clock: new ManualClock(NOW), max_age_ms: 60_000 })
    one.writers.start()
    one.put([
      ['a', NOW - 61_000, 1],
      ['a', NOW - 60_000, 2],
    ])
    one.put([
      ['a', NOW - 500, 3],
      ['a', NOW - 700, 4],
      ['a', NOW - 500, 3],
    ])
    one.put([['a', NOW - 400, 5]], 'history')
    await one.stop()
    expect(receiver.series.get('a{job="test"}')?.map(({ value }) => value)).toEqual([2, 3])
  })

  test('tells what metrics are once a minute, in 1.0', async () => {
    const clock = new ManualClock(NOW)
    const one = stand({ clock })
    one.writers.start()
    one.put([
      ['a', NOW, 1],
      ['b', NOW, 1],
    ])
    clock.advanceTo(NOW + 60_000)
    await until('metadata', () => receiver.metadata.length === 2)
    expect(receiver.metadata[0]).toEqual({ type: 2, metric_family_name: 'a', help: 'A test.' })
  })
})

describe('after a restart', () => {
  test('what waited is sent, and what was stored since the checkpoint as far as it was not', async () => {
    const folder = temporaryFolder()
    receiver.trouble = (request) => (request >= 3 ? { status: 503 } : undefined)
    const first = stand({ folder, shards: 1 })
    first.writers.start()
    first.rounds(0, 20, 10)
    const saved = first.writers.save()
    first.rounds(20, 20, 10)
    await until('three requests', () => first.writer.state().counts.sent === 300)
    await first.stop(0)
    await receiver.idle()

    receiver.trouble = () => undefined
    const second = stand({ folder, shards: 1 })
    // The store is loaded from the checkpoint, and the journal gives the rest again.
    second.rounds(0, 20, 10)
    const third = stand({ folder, shards: 1, store: second.store })
    third.writers.load(saved)
    third.rounds(20, 20, 10)
    third.writers.start()
    await third.stop()
    expect(receiver.samples).toBe(400)
    expect(third.writer.state().counts).toMatchObject({ sent: 100, refused: 0 })
  })

  test('exemplars of requests that wait are sent, those of requests that were sent are not sent again', async () => {
    const folder = temporaryFolder()
    receiver.trouble = (request) => (request >= 1 ? { status: 503 } : undefined)
    const options = { folder, shards: 1, exemplars: 100, limits: { batch: 2 } }
    const round = (one: Stand, i: number): void => one.put([['a', NOW + i, i]], 'received', [['a', NOW + i, i]])
    const first = stand(options)
    first.writers.start()
    round(first, 0)
    await until('one request', () => first.writer.state().counts.sent === 1)
    round(first, 1)
    const saved = first.writers.save()
    round(first, 2)
    await first.stop(0)
    await receiver.idle()

    receiver.trouble = () => undefined
    receiver.exemplars.clear()
    const checkpoint = stand()
    for (const i of [0, 1]) round(checkpoint, i)
    const second = stand({ ...options, store: checkpoint.store })
    second.writers.load(saved)
    round(second, 2)
    second.writers.start()
    await second.stop()
    expect([...receiver.exemplars.values()]).toEqual([[1, 2]])
  })

  test('a damaged file of marks means that some is sent again, which the receiver knows', async () => {
    const folder = temporaryFolder()
    const first = stand({ folder, shards: 1 })
    first.writers.start()
    first.rounds(0, 10, 10)
    await until('it is sent', () => receiver.samples === 100)
    await first.stop()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(`${folder}/prom.sent`, 'BAROSENT and nonsense')
    const second = stand({ folder, shards: 1 })
    second.rounds(0, 10, 10)
    second.rounds(10, 1, 10)
    second.writers.start()
    await second.stop()
    expect(second.warnings[0]).toContain('damaged')
    expect(receiver.series.get('m3{job="test"}')).toHaveLength(11)
  })

  test('marks that are ahead of all that comes again hold nothing back for long', async () => {
    const folder = temporaryFolder()
    const first = stand({ folder, shards: 1 })
    first.writers.start()
    first.rounds(0, 50, 10)
    await first.stop()
    const second = stand({ folder, shards: 1 })
    second.writers.start()
    second.rounds(50, 1, 10)
    await second.stop()
    expect(receiver.samples).toBe(510)
  })

  test('nor over another crash, before anything was sent', async () => {
    const folder = temporaryFolder()
    const first = stand({ folder, shards: 1 })
    first.writers.start()
    first.rounds(0, 50, 10)
    await first.stop()
    receiver.trouble = () => ({ status: 503 })
    const second = stand({ folder, shards: 1 })
    second.writers.start()
    second.rounds(50, 1, 10)
    await second.stop(0)
    receiver.trouble = () => undefined
    const third = stand({ folder, shards: 1 })
    third.rounds(50, 1, 10)
    third.writers.start()
    await third.stop()
    expect(receiver.samples).toBe(510)
  })

  test('another number of shards, or an upstream that is gone, is no trouble', async () => {
    await receiver.stop()
    const first = stand({ shards: 3 })
    first.writers.start()
    first.rounds(0, 10, 10)
    await first.stop(0)
    const saved = first.writers.save()
    await receiver.start()
    const second = stand({ shards: 2, store: first.store })
    second.writers.load(saved)
    second.writers.start()
    await second.stop()
    expect(receiver.samples).toBe(100)
  })
})
