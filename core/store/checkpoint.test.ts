import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { checksum } from '../checksum.ts'
import type { Snapshot } from '../component.ts'
import type { Log } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
import { HEADER_BYTES } from './checkpoint-file.ts'
import { Checkpoint } from './checkpoint.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-checkpoint-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

class Note implements Snapshot {
  readonly name: string
  text: string

  constructor(name: string, text = '') {
    this.name = name
    this.text = text
  }

  save(): Uint8Array {
    return Buffer.from(this.text)
  }

  load(bytes: Uint8Array): void {
    this.text = Buffer.from(bytes).toString()
  }
}

const path = (name = 'checkpoint'): string => join(folder, name)

function loaded(segments: readonly number[] = [], log: Log = silentLog): [number | undefined, string, string] {
  const [a, b] = [new Note('a'), new Note('b')]
  const segment = new Checkpoint({ folder, log }).load([a, b], segments)
  return [segment, a.text, b.text]
}

/** Flips a bit of the first byte of a section. */
function damage(name: string): void {
  const bytes = readFileSync(path(name))
  bytes[HEADER_BYTES]! ^= 1
  writeFileSync(path(name), bytes)
}

test('what was written comes back, with the segment to go on from', async () => {
  expect(loaded()).toEqual([undefined, '', ''])
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  expect(await checkpoint.write([new Note('a', 'one'), new Note('b')], 5).done).toBe(5)
  expect(loaded()).toEqual([5, 'one', ''])
  // The journal is needed from the previous checkpoint on.
  expect(await checkpoint.write([new Note('a', 'two'), new Note('b', 'zwei')], 6).done).toBe(5)
  expect(await checkpoint.write([new Note('a', 'three')], 9).done).toBe(6)
  expect(loaded()).toEqual([9, 'three', ''])
  expect(readdirSync(folder).toSorted()).toEqual(['checkpoint', 'checkpoint.previous', 'checkpoint.spare'])
})

test('a damaged one is replaced by the previous, when the journal continues that', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5).done
  await checkpoint.write([new Note('a', 'two')], 6).done
  damage('checkpoint')
  const told: string[] = []
  expect(loaded([5, 6], { ...silentLog, warn: (message) => told.push(message) })).toEqual([5, 'one', ''])
  expect(told).toHaveLength(1)
  expect(() => loaded([6])).toThrow(/checkpoint is damaged: the checksum of its section a.*restore it.*move it/)
  truncateSync(path(), 30)
  expect(loaded([5, 6])[1]).toBe('one')
  writeFileSync(path(), 'nonsense, and not even short')
  expect(loaded([5, 6])[1]).toBe('one')
})

test('a damaged one never takes the place of the previous', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5).done
  await checkpoint.write([new Note('a', 'two')], 6).done
  damage('checkpoint')
  const next = new Checkpoint({ folder, log: silentLog })
  next.load([new Note('a')], [5, 6])
  expect(await next.write([new Note('a', 'three')], 7).done).toBe(5)
  damage('checkpoint')
  expect(loaded([5, 6, 7])[1]).toBe('one')
})

test('when both are damaged, it says what to do', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5).done
  await checkpoint.write([new Note('a', 'two')], 6).done
  damage('checkpoint')
  damage('checkpoint.previous')
  expect(() => loaded([5, 6])).toThrow(/checkpoint.previous is damaged.*backup/)
})

test('a process that ended between the two renames finds the previous one', async () => {
  await new Checkpoint({ folder, log: silentLog }).write([new Note('a', 'one')], 5).done
  renameSync(path(), path('checkpoint.previous'))
  expect(loaded()).toEqual([5, 'one', ''])
})

test('a section that nobody knows is an error that names it', async () => {
  await new Checkpoint({ folder, log: silentLog }).write([new Note('a'), new Note('from the future')], 1).done
  expect(() => loaded()).toThrow(/a section "from the future", which this version does not know/)
})

test('another format version is an error, not damage', async () => {
  await new Checkpoint({ folder, log: silentLog }).write([new Note('a')], 1).done
  const bytes = readFileSync(path())
  bytes[8] = 3
  bytes.writeUInt32LE(checksum(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4)
  writeFileSync(path(), bytes)
  expect(() => loaded()).toThrow(/it has format 3; this version reads formats 1 and 2/)
})

test('a damaged number of the format is damage, and no other format', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5).done
  await checkpoint.write([new Note('a', 'two')], 6).done
  const bytes = readFileSync(path())
  for (const at of [8, 9, 11]) {
    bytes[at]! ^= 1
    writeFileSync(path(), bytes)
    expect(loaded([5, 6])).toEqual([5, 'one', ''])
    bytes[at]! ^= 1
  }
})

test('a folder that cannot be written leaves what is there', async () => {
  writeFileSync(path('file'), '')
  const checkpoint = new Checkpoint({ folder: path('file'), log: silentLog })
  await expect(checkpoint.write([new Note('a')], 1).done).rejects.toThrow(/cannot be written/)
})

test('what is saved is the state at the call; it is written while the process goes on', async () => {
  const note = new Note('a', 'x'.repeat(5_000_000))
  const { done } = new Checkpoint({ folder, log: silentLog }).write([note], 5)
  note.text = 'later'
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  await done
  clearInterval(counting)
  expect(turns).toBeGreaterThan(0)
  expect(loaded()).toEqual([5, 'x'.repeat(5_000_000), ''])
})

/** Much state in parts, each made when it is asked for. */
class Columns extends Note {
  readonly columns: Uint8Array[]
  asked = 0

  constructor(name: string, columns: Uint8Array[]) {
    super(name)
    this.columns = columns
  }

  *parts(): Generator<Uint8Array, void> {
    for (const column of this.columns) {
      this.asked++
      yield column
    }
  }
}

test('parts are written as they lie in memory, and are not needed once they are captured', async () => {
  // Longer than what is written at once, and of shared memory, as those of the store are.
  const columns = [3_000_001, 0, 17, 0, 70_000].map((length, i) =>
    new Uint8Array(new SharedArrayBuffer(length)).fill(97 + i),
  )
  const note = new Columns('a', columns)
  const whole = Buffer.concat(columns).toString()
  const small = new Note('b', 'then')
  const { captured, done } = new Checkpoint({ folder, log: silentLog }).write([note, small], 5)
  // One that comes as a whole is taken at once, whatever comes before it.
  small.text = 'later'
  await captured
  expect(note.asked).toBe(columns.length)
  for (const column of columns) column.fill(0)
  await done
  expect(loaded()).toEqual([5, whole, 'then'])
})

test('requests are read between two parts, however long making them takes', async () => {
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  const busy = new Columns('a', [])
  busy.parts = function* () {
    for (let i = 0; i < 20; i++) {
      const until = process.hrtime.bigint() + 3_000_000n
      while (process.hrtime.bigint() < until);
      yield new Uint8Array()
    }
  }
  await new Checkpoint({ folder, log: silentLog }).write([busy], 5).done
  clearInterval(counting)
  expect(turns).toBeGreaterThan(10)
})

test('a part that cannot be made ends the capture, and the checkpoint before stays', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5).done
  const bad = new Columns('a', [])
  bad.parts = function* () {
    yield Buffer.from('half')
    throw new Error('no')
  }
  const { captured, done } = checkpoint.write([bad], 6)
  await captured
  await expect(done).rejects.toMatchObject({ code: 'unavailable', cause: { message: 'no' } })
  expect(loaded()).toEqual([5, 'one', ''])
  expect(readdirSync(folder)).toEqual(['checkpoint'])
})

test('it counts only when the files that it relies on are on the disk', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5).done
  const told: string[] = []
  const first = Object.assign(new Note('a', 'two'), {
    durable: () => Promise.resolve(),
    placed: () => void told.push(readdirSync(folder).join()),
  })
  const note = Object.assign(new Note('b', 'two'), { durable: () => Promise.reject(new Error('EIO')) })
  await expect(checkpoint.write([first, note], 6).done).rejects.toThrow(/cannot be written/)
  expect(loaded()).toEqual([5, 'one', ''])
  expect(readdirSync(folder)).toEqual(['checkpoint'])
  expect(told).toEqual([])
  await checkpoint.write([first], 6).done
  expect(told).toEqual(['checkpoint,checkpoint.previous'])
})
