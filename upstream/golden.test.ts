// What earlier versions wrote must still load. A released golden file never changes: a new format gets a new one.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'
import { silentLog } from '#core/ports/log.ts'

import { HistoryMarks } from './history/marks.ts'
import { NOW, removeFolders, Stand, temporaryFolder } from './testing/stand.fixture.ts'
import { SentMarks } from './write/marks.ts'

const GOLDEN = join(import.meta.dirname, '../tests/golden/upstream')

afterEach(removeFolders)

/** The golden file; made anew where there is none, which a reviewer sees. */
function golden(name: string, make: () => Uint8Array): string {
  const path = join(GOLDEN, name)
  if (!existsSync(path)) {
    mkdirSync(GOLDEN, { recursive: true })
    writeFileSync(path, make())
  }
  return path
}

function queued(): Stand {
  const one = new Stand({ url: 'http://127.0.0.1:1', clock: new ManualClock(NOW) })
  one.rounds(0, 30, 10)
  return one
}

describe('version 1', () => {
  test('of queues is read', () => {
    const path = golden('remote-write-1.bin', () => queued().writers.save())
    const one = new Stand({ url: 'http://127.0.0.1:1', clock: new ManualClock(NOW) })
    one.writers.load(readFileSync(path))
    expect(one.writer.state()).toMatchObject({ waiting: 300 })
    expect(
      one.writer.shards.map(({ offered, waiting }) => [offered, waiting.map(({ last, samples }) => [last, samples])]),
    ).toEqual([
      [
        150,
        [
          [100, 100],
          [150, 50],
        ],
      ],
      [
        150,
        [
          [100, 100],
          [150, 50],
        ],
      ],
    ])
    expect(Buffer.from(one.writers.save()).equals(readFileSync(path))).toBe(true)
  })

  test('of what was sent is read', () => {
    const folder = temporaryFolder()
    const path = golden('sent-1.bin', () => {
      const marks = new SentMarks(join(folder, 'made'), silentLog)
      marks.write(Float64Array.of(7, 2 ** 40))
      marks.close()
      return readFileSync(join(folder, 'made'))
    })
    expect(new SentMarks(path, silentLog).read(2)).toEqual(Float64Array.of(7, 2 ** 40))
  })

  test('of what was fetched is read', () => {
    const folder = temporaryFolder()
    const path = golden('history-1.json', () => {
      const marks = new HistoryMarks(join(folder, 'made'), silentLog)
      marks.set('{__name__="up"}', NOW)
      marks.save()
      return readFileSync(join(folder, 'made'))
    })
    copyFileSync(path, join(folder, 'copy'))
    const marks = new HistoryMarks(join(folder, 'copy'), silentLog)
    expect([marks.get('{__name__="up"}'), marks.get('other')]).toEqual([NOW, -Infinity])
  })

  test('of anything that is damaged is refused, or as if it were not there', () => {
    const folder = temporaryFolder()
    const bytes = readFileSync(join(GOLDEN, 'sent-1.bin'))
    bytes[20]! ^= 1
    writeFileSync(join(folder, 'a'), bytes)
    writeFileSync(join(folder, 'b'), '{"version":2}')
    expect(new SentMarks(join(folder, 'a'), silentLog).read(2)).toBeUndefined()
    expect(new HistoryMarks(join(folder, 'b'), silentLog).get('{__name__="up"}')).toBe(-Infinity)
    expect(() => queued().writers.load(Uint8Array.of(9))).toThrow('version 9')
    expect(() => queued().writers.load(readFileSync(join(GOLDEN, 'remote-write-1.bin')).subarray(0, 200))).toThrow(
      'do not fit',
    )
  })
})
