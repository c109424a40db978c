import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { ManualClock } from '../clock.ts'
import type { Log } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { type FloatColumns, SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { JournalSeries } from './journal-series.ts'
import { Journal, type JournalOptions } from './journal.ts'
import type { JournalEntry } from './record-codec.ts'
import { write } from './segment-writer.ts'
import { segmentFile, segmentHeader } from './segment.ts'
import { Store } from './store.ts'

let folder: string
let told: string[]
const log: Log = {
  debug() {},
  info() {},
  warn: (message, fields) => told.push(`${message} ${JSON.stringify(fields)}`),
  error: (message, fields) => told.push(`${message} ${JSON.stringify(fields)}`),
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-journal-'))
  told = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const definitionOf = (id: number): SeriesDefinition => ({
  labels: Labels.of({ __name__: 'x', id: String(id) }),
  type: 'gauge',
  unit: '',
  help: '',
  kind: 'float',
  bounds: new Float64Array(0),
})

/** A store whose ids are 0 to 19. */
function newStore(): Store {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  for (let id = 0; id < 20; id++) store.resolve(definitionOf(id))
  return store
}

function journal(options: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    folder,
    series: new JournalSeries(newStore()),
    clock: new ManualClock(),
    log,
    meter: silentMeter,
    ...options,
  })
}

const tick = (time_ms: number): JournalEntry => ({ kind: 'tick', time_ms })

function samples(...points: readonly [id: number, time_ms: number, value: number][]): JournalEntry {
  const builder = new SampleBuilder()
  for (const [id, time_ms, value] of points) builder.float(id, time_ms, value)
  return { kind: 'signals', samples: builder.batch(), logs: [], spans: [] }
}

/** Ticks as times, samples as `id@time=value`. */
function content(from = 0, saved?: Uint8Array): unknown[] {
  const store = newStore()
  const series = new JournalSeries(store)
  if (saved !== undefined) series.load(saved)
  const opened = journal({ series })
  const seen = []
  for (const entry of opened.read(from)) {
    if (entry.kind === 'tick') seen.push(entry.time_ms)
    else if (entry.kind === 'signals') seen.push(shown(entry.samples.floats, store))
  }
  opened.close()
  return seen
}

function shown({ series, time_ms, value }: FloatColumns, store: Store): string {
  const idOf = (id: number): string => store.definition(id).labels.get('id')
  return Array.from(series, (id, i) => `${idOf(id)}@${time_ms[i]}=${value[i]}`).join(' ')
}

test('entries come back in order, over restarts and rotations', async () => {
  const first = journal()
  first.append(tick(1))
  first.append(samples([7, 10, 0.5], [9, 10, 1]))
  first.append(samples([9, 20, 2], [3, 20, 3]))
  expect(first.bytes).toBeGreaterThan(0)
  expect(first.rotate()).toBe(2)
  expect(first.bytes).toBe(0)
  first.append(samples([9, 30, 3]))
  first.close()
  const second = journal()
  for (const entry of second.read(1)) expect(entry.kind).toMatch(/tick|signals/)
  second.append(tick(4))
  second.append(samples([9, 40, 4], [5, 40, 5]))
  second.close()
  expect(second.segments()).toEqual([1, 2, 3])
  const all = [1, '7@10=0.5 9@10=1', '9@20=2 3@20=3', '9@30=3', 4, '9@40=4 5@40=5']
  expect(content()).toEqual(all)
  await second.dropBefore(2)
  expect(told).toEqual([])
})

test('a series is defined once: later segments need the table that a checkpoint holds', async () => {
  const series = new JournalSeries(newStore())
  const opened = journal({ series })
  opened.append(samples([7, 10, 0.5], [9, 10, 1]))
  const second = opened.rotate()
  const saved = series.save().slice()
  opened.append(samples([9, 20, 2], [3, 20, 3]))
  opened.close()
  await opened.dropBefore(second)
  expect(content(second, saved)).toEqual(['9@20=2 3@20=3'])
  expect(told).toEqual([])
})

test('what is read counts to what a checkpoint is due for', () => {
  const first = journal()
  first.append(tick(1))
  first.close()
  const second = journal()
  expect([...second.read(1)]).toEqual([tick(1)])
  expect(second.bytes).toBeGreaterThan(29)
  second.rotate()
  expect(second.bytes).toBe(0)
  second.close()
})

test('a number of a segment is never used for another one', () => {
  const opened = journal()
  expect([...opened.read(17)]).toEqual([])
  opened.append(tick(1))
  opened.close()
  expect(opened.segments()).toEqual([17])
})

test('what the file holds is there as soon as append returns, and synced a second later', () => {
  const clock = new ManualClock()
  const opened = journal({ clock })
  opened.append(tick(1))
  expect(readFileSync(join(folder, segmentFile(1))).length).toBe(16 + opened.bytes)
  clock.advanceTo(5000)
  opened.close()
  expect(content()).toEqual([1])
})

describe('a torn end', () => {
  test('is cut off, told, and gone at the next start', () => {
    const opened = journal()
    for (let i = 1; i <= 3; i++) opened.append(tick(i))
    opened.close()
    const path = join(folder, segmentFile(1))
    truncateSync(path, readFileSync(path).length - 1)
    expect(content()).toEqual([1, 2])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/cut off.*00000001\.log.*"offset":74.*not whole/)
    expect(content()).toEqual([1, 2])
    expect(told).toHaveLength(1)
  })

  test('may lie in the header', () => {
    writeFileSync(join(folder, segmentFile(1)), 'BARO')
    expect(content()).toEqual([])
    expect(readFileSync(join(folder, segmentFile(1)))).toEqual(Buffer.from(segmentHeader()))
  })

  test('may be zeros, as some file systems leave them', () => {
    const opened = journal()
    opened.append(tick(1))
    opened.close()
    appendFileSync(join(folder, segmentFile(1)), new Uint8Array(100))
    expect(content()).toEqual([1])
  })
})

test('a record in steps is written with its last one', () => {
  const store = newStore()
  for (let id = 20; id < 2000; id++) store.resolve(definitionOf(id))
  const opened = journal({ series: new JournalSeries(store) })
  const builder = new SampleBuilder()
  for (let id = 0; id < 2000; id++) builder.float(id, 1000, id)
  const path = join(folder, segmentFile(1))
  const steps = opened.appending({ kind: 'signals', samples: builder.batch(), logs: [], spans: [] })
  let rests = 0
  while (steps.next().done !== true) {
    rests++
    expect(statSync(path).size).toBe(segmentHeader().length)
  }
  expect(rests).toBeGreaterThan(5)
  expect(statSync(path).size).toBeGreaterThan(2000 * 8)
  opened.close()
  expect(String(content()[0]).split('@')).toHaveLength(2001)
})

test('damage in the middle is passed over and told', () => {
  const opened = journal()
  for (let i = 1; i <= 3; i++) opened.append(tick(i))
  opened.rotate()
  opened.append(tick(4))
  opened.close()
  const path = join(folder, segmentFile(1))
  const bytes = readFileSync(path)
  bytes[16 + 29 + 15]! ^= 1
  writeFileSync(path, bytes)
  expect(content()).toEqual([1, 3, 4])
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/damaged.*00000001\.log.*"offset":45,"lost_bytes":29.*checksum/)
})

test('of a damaged record everything is lost, of later ones the series that it would have defined', () => {
  const opened = journal()
  opened.append(samples([1, 10, 1], [2, 10, 2]))
  const from = opened.bytes
  opened.append(samples([3, 20, 3], [1, 20, 1]))
  opened.append(samples([1, 30, 1], [3, 30, 3], [4, 30, 4]))
  opened.close()
  const path = join(folder, segmentFile(1))
  const bytes = readFileSync(path)
  bytes[16 + from + 20]! ^= 1
  writeFileSync(path, bytes)
  expect(content()).toEqual(['1@10=1 2@10=2', '1@30=1 4@30=4'])
})

test('a segment that is gone is told', () => {
  const opened = journal()
  opened.append(samples([1, 10, 1]))
  opened.rotate()
  opened.append(samples([2, 20, 2]))
  opened.rotate()
  opened.append(samples([1, 30, 1], [2, 30, 2], [3, 30, 3]))
  opened.close()
  rmSync(join(folder, segmentFile(2)))
  expect(content()).toEqual(['1@10=1', '1@30=1 3@30=3'])
  expect(told[0]).toMatch(/missing.*00000002\.log/)
})

test('so is one that a checkpoint goes on with, where none is behind it', () => {
  const opened = journal()
  expect([...opened.read(3)]).toEqual([])
  expect(opened.damages).toBe(1)
  expect(told[0]).toMatch(/missing.*00000003\.log/)
  expect([...journal().read(0)]).toEqual([])
  expect(told).toHaveLength(1)
})

test('a segment of a newer format is refused and not touched', () => {
  const newer = segmentHeader(4)
  writeFileSync(join(folder, segmentFile(1)), newer)
  expect(() => content()).toThrow(/00000001\.log: it has format 4; this version reads formats 1 to 3/)
  expect(readFileSync(join(folder, segmentFile(1)))).toEqual(Buffer.from(newer))
})

describe('a segment that is written over an older one', () => {
  /** Segment 4, over the file that was segment 1 and held five ticks. */
  async function over(clock = new ManualClock()): Promise<Journal> {
    const opened = journal({ clock })
    for (let i = 1; i <= 5; i++) opened.append(tick(i))
    opened.rotate()
    opened.append(tick(6))
    opened.rotate()
    const { ino } = statSync(join(folder, segmentFile(1)))
    await opened.dropBefore(2)
    opened.rotate()
    expect(statSync(join(folder, segmentFile(4))).ino).toBe(ino)
    return opened
  }

  test('has nothing of that, whose records may begin just where it ends', async () => {
    const opened = await over()
    opened.append(tick(7))
    expect(readFileSync(join(folder, segmentFile(4)))).toHaveLength(16 + 5 * 29)
    expect(content(2)).toEqual([6, 7])
    expect(told).toEqual([])
    expect(readFileSync(join(folder, segmentFile(4)))).toHaveLength(16 + 29)
  })

  test('and ends in a record that was not finished: that is told', async () => {
    const opened = await over()
    opened.append(tick(7))
    opened.append(tick(8))
    const path = join(folder, segmentFile(4))
    const bytes = readFileSync(path)
    bytes[16 + 29 + 28]! ^= 1
    writeFileSync(path, bytes)
    expect(content(2)).toEqual([6, 7])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/cut off.*00000004\.log.*"offset":45/)
  })

  test('and is damaged in the middle: what comes behind is read', async () => {
    const opened = await over()
    for (let i = 7; i <= 9; i++) opened.append(tick(i))
    const path = join(folder, segmentFile(4))
    const bytes = readFileSync(path)
    bytes.fill(0, 45, 45 + 29)
    writeFileSync(path, bytes)
    expect(content(2)).toEqual([6, 7, 9])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/damaged.*"offset":45,"lost_bytes":29/)
  })

  test('is no longer than what it holds when it ends', async () => {
    const opened = await over()
    opened.append(tick(7))
    opened.rotate()
    expect(readFileSync(join(folder, segmentFile(4)))).toHaveLength(16 + 29)
    opened.close()
    expect(readdirSync(folder)).toEqual([2, 3, 4, 5].map(segmentFile))
  })

  test('or over nothing: the file is gone after a minute, when there is no room, and when the journal is closed', async () => {
    const clock = new ManualClock()
    const opened = await over(clock)
    const spare = join(folder, 'spare')
    await opened.dropBefore(3)
    expect(existsSync(spare)).toBe(true)
    clock.advanceTo(60_000)
    await vi.waitFor(() => expect(existsSync(spare)).toBe(false))
    opened.append(tick(7))
    opened.rotate()
    await opened.dropBefore(4, false)
    expect(readdirSync(folder)).toEqual([4, 5].map(segmentFile))
    await opened.dropBefore(5)
    expect(existsSync(spare)).toBe(true)
    opened.close()
    expect(readdirSync(folder)).toEqual([segmentFile(5)])
  })

  test('whatever either holds and wherever a crash leaves it, what was written to the end is read, and nothing else', () => {
    expect.hasAssertions()
    const texts = fc.array(fc.nat({ max: 40 }), { maxLength: 12 })
    // A journal that holds nothing has no segment yet.
    const some = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 12 })
    const word = (length: number, by: string): JournalEntry => ({
      kind: 'command',
      command: 'ack',
      incident: 'i'.repeat(length),
      by,
      at_ms: 0,
    })
    fc.assert(
      fc.property(some, texts, fc.nat(), (before, now, crash) => {
        const opened = journal()
        for (const length of before) opened.append(word(length, 'a'))
        const old = opened.rotate() - 1
        opened.close()
        renameSync(join(folder, segmentFile(old)), join(folder, 'spare'))
        const next = journal()
        const ends = [16, ...now.map((length) => (next.append(word(length, 'b')), 16 + next.bytes))]
        const newest = next.segments().at(-1)!
        const path = join(folder, segmentFile(newest))
        if (now.length > 0) {
          // The last bytes of what was written are as they were before.
          const left = readFileSync(path)
          const end = 16 + (crash % (ends.at(-1)! - 15))
          left.fill(0, end, ends.at(-1))
          writeFileSync(path, left)
          const whole = ends.filter((at) => at <= end).length - 1
          const read = [...journal().read(newest)]
          expect(read).toEqual(now.slice(0, whole).map((length) => word(length, 'b')))
        }
        next.close()
      }),
      { numRuns: 40 },
    )
  })
})

test('bytes that look like a record and stand elsewhere are none', () => {
  const opened = journal()
  opened.append(tick(1))
  opened.close()
  const path = join(folder, segmentFile(1))
  const record = readFileSync(path).subarray(16)
  appendFileSync(path, Buffer.concat([Buffer.from('xx'), record]))
  expect(content()).toEqual([1])
})

test('whatever a segment holds, reading it does not crash and what comes behind is read', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (garbage, withHeader) => {
      rmSync(join(folder, segmentFile(2)), { force: true })
      writeFileSync(join(folder, segmentFile(1)), withHeader ? Buffer.concat([segmentHeader(), garbage]) : garbage)
      const opened = journal()
      opened.append(tick(9))
      opened.close()
      expect(content().at(-1)).toBe(9)
    }),
    { numRuns: 60 },
  )
})

describe('when the disk is full', () => {
  test('nothing of the record stays, and the journal goes on when there is room again', () => {
    let room = Infinity
    const opened = journal({
      write(fd, bytes, offset, length, position) {
        if (room <= 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        const taken = Math.min(length, room)
        room -= taken
        return write(fd, bytes, offset, taken, position)
      },
    })
    opened.append(samples([1, 1, 1]))
    room = 10
    expect(() => opened.append(samples([2, 2, 2]))).toThrow(/disk full/)
    expect(() => opened.append(samples([2, 2, 2]))).toThrow(expect.objectContaining({ code: 'unavailable' }))
    room = 3
    expect(() => opened.rotate()).toThrow(/disk full/)
    room = Infinity
    // The definition that failed is written again.
    opened.append(samples([2, 3, 3], [1, 3, 3]))
    opened.close()
    expect(content()).toEqual(['1@1=1', '2@3=3 1@3=3'])
    // Once for as long as it lasted.
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/cannot be written.*ENOSPC/)
  })

  test('from the start, no file is left behind', () => {
    const opened = journal({
      write() {
        throw new Error('ENOSPC')
      },
    })
    expect(() => opened.append(tick(1))).toThrow(/disk full/)
    expect(existsSync(join(folder, segmentFile(1)))).toBe(false)
  })
})

test('a segment that can neither be written nor taken back is to be tried again, and its number is not lost', () => {
  const path = join(folder, segmentFile(1))
  let isBroken = true
  const opened = journal({
    write(fd, bytes, offset, length, position) {
      if (!isBroken) return write(fd, bytes, offset, length, position)
      rmSync(path)
      mkdirSync(path)
      throw new Error('EIO')
    },
  })
  expect(() => opened.append(tick(1))).toThrow(expect.objectContaining({ code: 'unavailable' }))
  isBroken = false
  rmSync(path, { recursive: true })
  writeFileSync(path, 'half a header')
  opened.append(tick(2))
  opened.close()
  expect(content()).toEqual([2])
})

test('when a sync fails a checkpoint is due, until one is written', async () => {
  // Pipes cannot be synced.
  execFileSync('mkfifo', [join(folder, 'spare')])
  const clock = new ManualClock()
  const opened = journal({ clock, write: (_fd, _bytes, _offset, length) => length })
  opened.append(tick(1))
  expect(opened.isUnsafe).toBe(false)
  clock.advanceTo(1000)
  await vi.waitUntil(() => opened.isUnsafe)
  opened.append(tick(2))
  clock.advanceTo(2000)
  const segment = opened.rotate()
  // The one that was not synced is not the one that is written to; but no checkpoint has what it holds.
  expect(opened.isUnsafe).toBe(true)
  await opened.dropBefore(segment)
  expect(opened.isUnsafe).toBe(false)
  opened.close()
  expect(told.filter((line) => line.includes('could not be synced'))).toHaveLength(1)
})

test('so it is when the last sync of a segment fails, whatever became of the checkpoint that it ended for', async () => {
  execFileSync('mkfifo', [join(folder, 'spare')])
  const opened = journal({ write: (_fd, _bytes, _offset, length) => length })
  opened.append(tick(1))
  opened.rotate()
  await vi.waitUntil(() => opened.isUnsafe)
  const segment = opened.rotate()
  expect(opened.isUnsafe).toBe(true)
  await opened.dropBefore(segment)
  expect(opened.isUnsafe).toBe(false)
  opened.close()
})

test('when it is deleted while it is written to, that is told, a checkpoint is due, and what comes behind is kept', async () => {
  const clock = new ManualClock()
  const opened = journal({ clock })
  opened.append(tick(1))
  rmSync(folder, { recursive: true })
  expect(opened.isUnsafe).toBe(false)
  clock.advanceTo(1000)
  await vi.waitUntil(() => opened.isUnsafe)
  expect(told.filter((line) => line.includes('deleted'))).toHaveLength(1)
  await opened.dropBefore(opened.rotate())
  expect(opened.isUnsafe).toBe(false)
  opened.append(tick(2))
  opened.close()
  expect(content(2)).toEqual([2])
})

test('a folder that cannot be is a mistake in the configuration', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => journal({ folder: join(folder, 'file') })).toThrow(/cannot be used/)
})

test('samples of series that the limits of today refuse are left out and counted', () => {
  const opened = journal()
  opened.append(samples([1, 10, 1], [2, 10, 2]))
  opened.append(samples([2, 20, 4], [3, 20, 3]))
  opened.close()
  const store = new Store({ limits: { series: 2 }, analysis_ms: () => undefined, meter: silentMeter })
  const series = new JournalSeries(store)
  for (const entry of journal({ series }).read(1)) if (entry.kind === 'signals') store.append(entry.samples)
  const slices = store.select([], { from_ms: 0, to_ms: 100 })
  expect(slices.map(({ labels, value }) => `${labels.get('id')}: ${value.join()}`)).toEqual(['1: 1', '2: 2,4'])
  expect(series.refused).toBe(1)
  expect(series.lost).toBe(0)
})
