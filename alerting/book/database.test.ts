import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Incident, IncidentState } from '#core/incident.ts'
import { type Log, silentLog } from '#core/ports/log.ts'
import { Labels } from '#core/series.ts'

import { alertNotice } from '../sending/alert-notices.ts'
import { House } from '../testing/house.fixture.ts'
import { alert, closed, finding, graphOf, MIN, opened, T0 } from '../testing/story.fixture.ts'
import { openDatabase, Writes } from './database.ts'
import { IncidentBook } from './incident-book.ts'
import { NotificationLog } from './notification-log.ts'

const DAY = 24 * 60 * MIN

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-book-'))
  file = join(folder, 'barograph.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

function bookOf(path = ':memory:', log: Log = silentLog) {
  const { database } = openDatabase(path)
  const writes = new Writes(database, log)
  return { database, book: new IncidentBook(database, writes), log: new NotificationLog(database, writes) }
}

function incident(id: string, opened_ms: number, over: Partial<Incident> = {}): Incident {
  return {
    id,
    state: 'open',
    severity: 'warning',
    symptom: 'a',
    opened_ms,
    updated_ms: opened_ms,
    evidence_ms: opened_ms,
    services: ['a'],
    findings: [],
    alerts: [],
    changes: [],
    causes: [],
    joins: [],
    timeline: [],
    ...over,
  }
}

describe('the book of incidents', () => {
  test('comes back from the file as it was, whatever a label is called', () => {
    const { book, database } = bookOf(file)
    const odd = alert({ labels: 'x', value: 'y' }, 0, { value: NaN, annotations: { labels: 'a, b', value: '' } })
    const one = incident('i_1', T0, { alerts: [odd], services: ['a', 'a', 'b'], acknowledged_ms: T0 })
    book.put(one)
    book.put(one)
    book.flush()
    book.flush()
    database.close()
    const again = bookOf(file)
    expect(again.book.get('i_1')).toEqual(one)
    expect(again.book.get('i_1')?.alerts[0]?.labels).toBeInstanceOf(Labels)
    expect(again.book.list({ limit: 9 })).toHaveLength(1)
    expect(again.book.list({ limit: 9, service: 'b' })).toHaveLength(1)
    again.database.close()
  })

  test('shows what is not written yet, and forgets services that an incident no longer has', () => {
    const { book } = bookOf()
    book.put(incident('i_1', T0))
    expect(book.get('i_1')?.state).toBe('open')
    book.put(incident('i_1', T0, { state: 'resolved', services: ['b'] }))
    expect(book.list({ limit: 9, service: 'a' })).toEqual([])
    expect(book.list({ limit: 9, service: 'b', state: ['resolved'] })).toHaveLength(1)
    expect(book.list({ limit: 9, state: [] })).toEqual([])
    expect(book.get('i_2')).toBeUndefined()
  })

  test('pages through everything once, newest first, however times and filters lie', () => {
    const states: readonly IncidentState[] = ['open', 'acknowledged', 'resolved']
    const one = fc.record({ time: fc.nat(5), state: fc.constantFrom(...states), service: fc.constantFrom('a', 'b') })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (all, limit) => {
        const { book, database } = bookOf()
        const known = all.map(({ time, state, service }, i) =>
          incident(`i_${i}`, T0 + time, { state, services: [service] }),
        )
        for (const each of known) book.put(each)
        const seen: Incident[] = []
        for (let after: string | undefined; ;) {
          const page = book.list({ state: ['open', 'resolved'], service: 'a', limit, ...(after && { after }) })
          seen.push(...page)
          after = page.at(-1)?.id
          if (page.length < limit) break
        }
        const wanted = known
          .filter(({ state, services }) => state !== 'acknowledged' && services[0] === 'a')
          .toSorted((a, b) => b.opened_ms - a.opened_ms || (a.id < b.id ? 1 : -1))
        expect(seen.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
        database.close()
      }),
      { numRuns: 50 },
    )
  })

  test('says so when a page cannot be gone on from', () => {
    const { book } = bookOf()
    expect(() => book.list({ limit: 9, after: 'i_gone' })).toThrow(/no incident i_gone/)
  })

  test('forgets what was resolved long ago, and nothing that is open', () => {
    const { book } = bookOf()
    book.put(incident('i_old', T0 - 500 * DAY, { state: 'resolved', services: ['a'] }))
    book.put(incident('i_open', T0 - 500 * DAY))
    book.put(incident('i_new', T0 - DAY, { state: 'resolved' }))
    book.retain(T0 - 400 * DAY)
    expect(book.list({ limit: 9 }).map(({ id }) => id)).toEqual(['i_new', 'i_open'])
    expect(book.list({ limit: 9, service: 'a' }).map(({ id }) => id)).toEqual(['i_new', 'i_open'])
    expect(book.recent(T0 - 2 * DAY, 9).map(({ id }) => id)).toEqual(['i_open', 'i_new'])
    expect(book.recent(T0, 9).map(({ id }) => id)).toEqual(['i_open'])
    expect(book.recent(T0 - 2 * DAY, 1).map(({ id }) => id)).toEqual(['i_new'])
  })
})

describe('the notification log', () => {
  const notice = alertNotice(alert({ labels: 'x' }, 0), T0, '')

  test('knows over a restart what was told to whom', () => {
    const first = bookOf(file)
    first.log.decide(notice, T0)
    first.log.sent('hook', notice, T0)
    first.database.close()
    const { log, database } = bookOf(file)
    expect(log.decided()).toEqual([{ notice, first_ms: T0, last_ms: T0 }])
    expect(log.wasSent('hook', notice)).toBe(true)
    expect(log.wasSent('other', notice)).toBe(false)
    expect(log.wasSent('hook', { ...notice, status: 'resolved' })).toBe(false)
    expect(log.knows('hook', { ...notice, status: 'resolved' })).toBe(true)
    log.sent('hook', { ...notice, status: 'resolved' }, T0 + 1)
    expect(log.wasSent('hook', notice)).toBe(true)
    database.close()
  })

  test('forgets what is over, and nothing that fires', () => {
    const { log } = bookOf()
    const over = { ...notice, key: 'alert/over', status: 'resolved' } as const
    for (const one of [notice, over]) {
      log.decide(one, T0)
      log.sent('hook', one, T0)
    }
    log.retain(T0 + 1)
    expect(log.decided().map((one) => one.notice.key)).toEqual([notice.key])
    expect([log.knows('hook', notice), log.knows('hook', over)]).toEqual([true, false])
  })
})

describe('the file', () => {
  test('of a newer Barograph is left alone', () => {
    const newer = new DatabaseSync(file)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    const before = readFileSync(file)
    expect(() => openDatabase(file)).toThrow(/format 99 is newer than this Barograph knows \(1\); upgrade it/)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test.each([
    ['that is no database', () => writeFileSync(file, 'not a database, and long enough to be looked at'.repeat(50))],
    ['that lost its end', () => truncateSync(file, 4096)],
    [
      'with damaged pages',
      () => {
        const bytes = readFileSync(file)
        writeFileSync(file, bytes.fill(0xab, 4096))
      },
    ],
  ])('%s is refused with what to do, and not touched', (_, damage) => {
    const { database, book } = bookOf(file)
    for (let n = 0; n < 200; n++) book.put(incident(`i_${n}`, T0))
    book.flush()
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    damage()
    const before = readFileSync(file)
    expect(() => openDatabase(file)).toThrow(
      expect.objectContaining({ code: 'bad_config', message: expect.stringContaining('move it away') }),
    )
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('that cannot be opened names itself', () => {
    expect(() => openDatabase(join(folder, 'missing', 'x.sqlite'))).toThrow(/missing.x\.sqlite: not a readable/)
  })

  test('that cannot be written for a while costs nothing: said once, and written when it can be', async () => {
    const lines: string[] = []
    const keep = (message: string): void => void lines.push(message)
    const told: Log = { debug: keep, info: keep, warn: keep, error: keep }
    const { database, book, log } = bookOf(file, told)
    database.exec('PRAGMA busy_timeout = 0')
    const other = new DatabaseSync(file)
    other.exec('BEGIN EXCLUSIVE')
    const notice = alertNotice(alert({}, 0), T0, '')
    book.put(incident('i_1', T0))
    book.flush()
    book.flush()
    log.sent('hook', notice, T0)
    expect(book.get('i_1')?.id).toBe('i_1')
    expect(log.wasSent('hook', notice)).toBe(true)
    await expect(book.durable()).rejects.toThrow('the incident database cannot be written')
    other.exec('ROLLBACK')
    other.close()
    await book.durable()
    log.decide(notice, T0)
    expect(lines).toEqual(['the incident database cannot be written', 'the incident database is written again'])
    database.close()
    const again = bookOf(file)
    expect(again.book.get('i_1')?.id).toBe('i_1')
    expect(again.log.wasSent('hook', notice)).toBe(true)
    again.database.close()
  })
})

test('the same inputs over again leave one incident, the same byte for byte', () => {
  const run = (): void => {
    const house = new House({ database: file, graph: graphOf('a>b') })
    const one = finding('a', 0)
    house.finding(opened(one))
    house.finding(opened(finding('b', MIN)))
    house.at(2 * MIN)
    house.finding(closed(one, 3 * MIN))
    house.at(4 * MIN)
    house.alerting.close()
  }
  const read = (): unknown[] => {
    const database = new DatabaseSync(file)
    const rows = database.prepare('SELECT * FROM incidents').all()
    database.close()
    return rows
  }
  run()
  const once = read()
  run()
  expect(read()).toEqual(once)
  expect(once).toHaveLength(1)
})

test('commands on incidents that are not open are refused as what they are', () => {
  const house = new House({ database: file })
  const command = { kind: 'command', command: 'ack', by: '', at_ms: T0 } as const
  expect(() => house.alerting.command({ ...command, incident: 'i_0' })).toThrow(
    expect.objectContaining({ code: 'not_found' }),
  )
  house.finding(opened(finding('a', 0)))
  const id = house.incidents()[0]?.id ?? ''
  house.alerting.command({ ...command, command: 'resolve', incident: id })
  expect(() => house.alerting.command({ ...command, incident: id })).toThrow(
    expect.objectContaining({ code: 'conflict', message: `incident ${id} is resolved` }),
  )
  house.alerting.close()
})

test('a checkpoint beside a database that is new says what is gone; beside its own it says nothing', () => {
  const told: string[] = []
  const log: Log = { ...silentLog, warn: (message) => void told.push(message) }
  const first = new House({ database: file, log })
  const saved = first.alerting.snapshots[0]!.save()
  first.alerting.close()
  const load = (): void => {
    const house = new House({ database: file, log })
    house.alerting.snapshots[0]!.load(saved)
    house.alerting.close()
  }
  load()
  expect(told).toEqual([])
  rmSync(file)
  load()
  load()
  expect(told).toEqual([expect.stringContaining('incidents that were over are gone')])
})
