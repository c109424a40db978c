import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { ManualClock } from '../clock.ts'
import type { Log } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { Journal, type JournalOptions } from './journal.ts'
import type { JournalEntry } from './record-codec.ts'
import { SegmentSamples } from './segment-samples.ts'
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

function journal(options: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    folder,
    definition: definitionOf,
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
function content(from = 0, options: Partial<JournalOptions> = {}): unknown[] {
  const opened = journal(options)
  const seen = [...opened.read(from)].map((entry) => {
    if (entry.kind !== 'signals') return entry.kind === 'tick' ? entry.time_ms : entry
    const { series, time_ms, value } = entry.samples.floats
    return Array.from(series, (number, i) => {
      return `${entry.definitions[number]!.labels.get('id')}@${time_ms[i]}=${value[i]}`
    }).join(' ')
  })
  opened.close()
  return seen
}

test('entries come back in order, over restarts and rotations', () => {
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
  expect([...second.read(2)]).toHaveLength(1)
  second.append(tick(4))
  second.close()
  expect(second.segments()).toEqual([1, 2, 3])
  expect(content()).toEqual([1, '7@10=0.5 9@10=1', '9@20=2 3@20=3', '9@30=3', 4])
  second.dropBefore(2)
  expect(content()).toEqual(['9@30=3', 4])
  expect(told).toEqual([])
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
  expect(readFileSync(join(folder, segmentFile(1))).length).toBe(12 + opened.bytes)
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
    expect(told[0]).toMatch(/cut off.*00000001\.log.*"offset":62.*not whole/)
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

test('damage in the middle says where, and later segments are read', () => {
  const opened = journal()
  for (let i = 1; i <= 3; i++) opened.append(tick(i))
  opened.rotate()
  opened.append(tick(4))
  opened.close()
  const path = join(folder, segmentFile(1))
  const bytes = readFileSync(path)
  bytes[12 + 25 + 15]! ^= 1
  writeFileSync(path, bytes)
  expect(content()).toEqual([1, 4])
  expect(told[0]).toMatch(/damaged.*00000001\.log.*"offset":37,"lost_bytes":50.*checksum/)
})

test('a segment of another format is not touched', () => {
  const header = segmentHeader()
  header[8] = 2
  writeFileSync(join(folder, segmentFile(1)), header)
  expect(() => content()).toThrow(/00000001\.log: it has format 2; this version reads format 1/)
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
    expect(told).toEqual([])
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

test('a folder that cannot be is a mistake in the configuration', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => journal({ folder: join(folder, 'file') })).toThrow(/cannot be used/)
})

test('samples go back into a store; series that its limits refuse now are left out and counted', () => {
  const opened = journal()
  opened.append(samples([1, 10, 1], [2, 10, 2]))
  opened.append(samples([2, 20, 4], [3, 20, 3]))
  const store = new Store({ limits: { series: 2 }, analysis_ms: () => undefined, meter: silentMeter })
  const mapped = new SegmentSamples(store)
  for (const entry of opened.read(1)) if (entry.kind === 'signals') store.append(mapped.batch(entry))
  opened.close()
  const slices = store.select([], { from_ms: 0, to_ms: 100 })
  expect(slices.map(({ labels, value }) => `${labels.get('id')}: ${value.join()}`)).toEqual(['1: 1', '2: 2,4'])
  expect(mapped.refused).toBe(1)
})
