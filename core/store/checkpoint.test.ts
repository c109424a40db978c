import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Snapshot } from '../component.ts'
import type { Log } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
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

/** Flips a bit of the last byte: of a section. */
function damage(name: string): void {
  const bytes = readFileSync(path(name))
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(path(name), bytes)
}

test('what was written comes back, with the segment to go on from', async () => {
  expect(loaded()).toEqual([undefined, '', ''])
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  expect(await checkpoint.write([new Note('a', 'one'), new Note('b')], 5)).toBe(5)
  expect(loaded()).toEqual([5, 'one', ''])
  // The journal is needed from the previous checkpoint on.
  expect(await checkpoint.write([new Note('a', 'two'), new Note('b', 'zwei')], 6)).toBe(5)
  expect(await checkpoint.write([new Note('a', 'three')], 9)).toBe(6)
  expect(loaded()).toEqual([9, 'three', ''])
  expect(readdirSync(folder).toSorted()).toEqual(['checkpoint', 'checkpoint.previous'])
})

test('a damaged one is replaced by the previous, when the journal continues that', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5)
  await checkpoint.write([new Note('a', 'two')], 6)
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
  await checkpoint.write([new Note('a', 'one')], 5)
  await checkpoint.write([new Note('a', 'two')], 6)
  damage('checkpoint')
  const next = new Checkpoint({ folder, log: silentLog })
  next.load([new Note('a')], [5, 6])
  expect(await next.write([new Note('a', 'three')], 7)).toBe(5)
  damage('checkpoint')
  expect(loaded([5, 6, 7])[1]).toBe('one')
})

test('when both are damaged, it says what to do', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5)
  await checkpoint.write([new Note('a', 'two')], 6)
  damage('checkpoint')
  damage('checkpoint.previous')
  expect(() => loaded([5, 6])).toThrow(/checkpoint.previous is damaged.*backup/)
})

test('a process that ended between the two renames finds the previous one', async () => {
  await new Checkpoint({ folder, log: silentLog }).write([new Note('a', 'one')], 5)
  renameSync(path(), path('checkpoint.previous'))
  expect(loaded()).toEqual([5, 'one', ''])
})

test('a section that nobody knows is an error that names it', async () => {
  await new Checkpoint({ folder, log: silentLog }).write([new Note('a'), new Note('from the future')], 1)
  expect(() => loaded()).toThrow(/a section "from the future", which this version does not know/)
})

test('another format version is an error, not damage', async () => {
  await new Checkpoint({ folder, log: silentLog }).write([new Note('a')], 1)
  const bytes = readFileSync(path())
  bytes[8] = 2
  writeFileSync(path(), bytes)
  expect(() => loaded()).toThrow(/it has format 2; this version reads format 1/)
})

test('a folder that cannot be written leaves what is there', async () => {
  writeFileSync(path('file'), '')
  const checkpoint = new Checkpoint({ folder: path('file'), log: silentLog })
  await expect(checkpoint.write([new Note('a')], 1)).rejects.toThrow(/cannot be written/)
})

test('what is saved is the state at the call; it is written while the process goes on', async () => {
  const note = new Note('a', 'x'.repeat(5_000_000))
  const written = new Checkpoint({ folder, log: silentLog }).write([note], 5)
  note.text = 'later'
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  await written
  clearInterval(counting)
  expect(turns).toBeGreaterThan(0)
  expect(loaded()).toEqual([5, 'x'.repeat(5_000_000), ''])
})

test('it counts only when the files that it relies on are on the disk', async () => {
  const checkpoint = new Checkpoint({ folder, log: silentLog })
  await checkpoint.write([new Note('a', 'one')], 5)
  const note = Object.assign(new Note('a', 'two'), { durable: () => Promise.reject(new Error('EIO')) })
  await expect(checkpoint.write([note], 6)).rejects.toThrow(/cannot be written/)
  expect(loaded()).toEqual([5, 'one', ''])
  expect(readdirSync(folder)).toEqual(['checkpoint'])
})
