// What a checkpoint does not write again, since the file that it is written over has it.
import { linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'

import type { MadePart, Part, Snapshot } from '../component.ts'
import { silentLog } from '../ports/log.ts'
import { openCheckpoint } from './checkpoint-file.ts'
import { CheckpointWriter, type Layout } from './checkpoint-writer.ts'
import { Checkpoint } from './checkpoint.ts'
import { joined } from './part-writer.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-steady-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

type How = 'written' | 'steady' | 'made'

/** A part: `change` it, and it has other bytes and another version. */
class Piece {
  readonly #how: How
  bytes: Uint8Array
  #version = {}

  constructor(length: number, fill: number, how: How) {
    this.bytes = new Uint8Array(length).fill(fill)
    this.#how = how
  }

  change(length: number, fill: number): void {
    this.bytes = new Uint8Array(length).fill(fill)
    this.#version = {}
  }

  get part(): Part | MadePart {
    const { bytes } = this
    if (this.#how === 'written') return bytes
    if (this.#how === 'steady') return { steady: bytes, version: this.#version, length: bytes.length }
    return { make: () => [bytes.subarray(0, 1000), new Uint8Array(), bytes.subarray(1000)], version: this.#version }
  }
}

class Pieces implements Snapshot {
  readonly name: string
  readonly pieces: Piece[]
  loaded: Uint8Array | undefined

  constructor(name: string, pieces: Piece[]) {
    this.name = name
    this.pieces = pieces
  }

  save(): Uint8Array {
    return joined(this.parts())
  }

  *parts(): Generator<Part | MadePart, void> {
    for (const { part } of this.pieces) yield part
  }

  load(bytes: Uint8Array): void {
    this.loaded = bytes
  }
}

const hashOf = (sections: Map<string, Uint8Array>): string =>
  [...sections].map(([name, bytes]) => `${name} ${Buffer.from(bytes).toString('base64')}`).join()

const stateOf = (snapshots: readonly Pieces[]): string =>
  hashOf(new Map(snapshots.map((one) => [one.name, one.save()])))

/** What a file holds; undefined where there is none, since it may be renamed meanwhile. Throws where it is damaged. */
function heldBy(path: string): string | undefined {
  try {
    return openCheckpoint(path, (file) => hashOf(file.sections()))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const size = fc.oneof(fc.constantFrom(4096, 8192), fc.integer({ min: 0, max: 20_000 }))
const how = fc.constantFrom<How>('written', 'steady', 'made')
const pieces = fc.array(fc.tuple(size, how), { maxLength: 12 })
const changes = fc.record({
  /** Of each piece whether it becomes another one, and whether of another length. */
  changed: fc.array(fc.constantFrom('no', 'no', 'bytes', 'length'), { minLength: 24, maxLength: 24 }),
  lengths: fc.array(size, { minLength: 24, maxLength: 24 }),
  added: fc.option(fc.tuple(size, how), { nil: undefined, freq: 4 }),
  removed: fc.boolean(),
  fails: fc.constantFrom(false, false, false, true),
})

type Change = typeof changes extends fc.Arbitrary<infer T> ? T : never

const made = (all: readonly (readonly [number, How])[]): Piece[] =>
  all.map(([length, one]) => new Piece(length, 1, one))

/** Next to nothing, or something else: what comes after is other than all before. */
function changeAll(snapshots: readonly Pieces[], change: Change, fill: number): void {
  let at = 0
  for (const { pieces: all } of snapshots) {
    for (const piece of all) {
      const turn = change.changed[at % 24]
      if (turn !== 'no') piece.change(turn === 'bytes' ? piece.bytes.length : change.lengths[at % 24]!, fill)
      at++
    }
  }
  if (change.removed) snapshots[fill % 2]!.pieces.shift()
  if (change.added)
    snapshots[(fill + 1) % 2]!.pieces.splice(fill % 3, 0, new Piece(change.added[0], fill, change.added[1]))
}

test('whatever changes from one to the next, and wherever a process ends: what is loaded is the one or the other', async () => {
  const told = fc.tuple(pieces, pieces, fc.array(changes, { minLength: 1, maxLength: 8 }))
  await fc.assert(
    fc.asyncProperty(told, async ([first, second, story]) => {
      const data = mkdtempSync(join(folder, 'data-'))
      const [a, b] = [new Pieces('a', made(first)), new Pieces('b', made(second))]
      const checkpoint = new Checkpoint({ folder: data, log: silentLog })
      let [before, previous]: (string | undefined)[] = [undefined, undefined]
      for (const [i, change] of story.entries()) {
        changeAll([a, b], change, i + 2)
        const now = stateOf([a, b])
        const fails = {
          name: 'c',
          save: () => new Uint8Array(),
          load() {},
          durable: () => Promise.reject(new Error('EIO')),
        }
        const { done } = checkpoint.write(change.fails ? [a, b, fails] : [a, b], i)
        const state = { over: false }
        const ended = done.then(
          () => (state.over = true),
          () => (state.over = true),
        )
        while (!state.over) {
          const newest = heldBy(join(data, 'checkpoint'))
          const older = heldBy(join(data, 'checkpoint.previous'))
          expect([before, now]).toContain(newest ?? older)
          expect([previous, before]).toContain(older)
          await setImmediate()
        }
        await ended
        if (!change.fails) [before, previous] = [now, before]
        expect(heldBy(join(data, 'checkpoint'))).toEqual(before)
        expect(heldBy(join(data, 'checkpoint.previous'))).toEqual(previous)
      }
    }),
    { numRuns: 6, interruptAfterTimeLimit: 15_000 },
  )
}, 60_000)

/** A file in memory, that counts what is written to it. */
class Memory {
  bytes = Buffer.alloc(0)
  written = 0

  async write(bytes: Uint8Array, from: number, length: number, position: number): Promise<{ bytesWritten: number }> {
    if (position + length > this.bytes.length) await this.truncate(position + length)
    this.bytes.set(bytes.subarray(from, from + length), position)
    this.written += length
    return { bytesWritten: length }
  }

  /** At most so many bytes at once, as systems may. */
  async writev(list: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }> {
    const bytes = Buffer.concat(list).subarray(0, 5000)
    return await this.write(bytes, 0, bytes.length, position)
  }

  async truncate(length: number): Promise<void> {
    const before = this.bytes
    this.bytes = Buffer.alloc(length)
    this.bytes.set(before.subarray(0, length))
  }
}

/** Writes over a file; returns what it has then. */
async function writtenOver(file: Memory, snapshots: readonly Pieces[], before: Layout): Promise<Layout> {
  file.written = 0
  const writer = new CheckpointWriter(file as unknown as FileHandle, before)
  for (const snapshot of snapshots) await writer.section(snapshot.name, snapshot.parts())
  const { bytes, layout } = await writer.finish(1)
  expect(bytes).toBe(file.bytes.length)
  return layout
}

function heldIn(file: Memory): string | undefined {
  const path = join(folder, 'memory')
  writeFileSync(path, file.bytes)
  return heldBy(path)
}

test('whatever changes, a file that is written over is as one that is written new', async () => {
  const told = fc.tuple(pieces, pieces, fc.array(changes, { minLength: 1, maxLength: 12 }))
  await fc.assert(
    fc.asyncProperty(told, async ([first, second, story]) => {
      const [a, b] = [new Pieces('a', made(first)), new Pieces('b', made(second))]
      const file = new Memory()
      let layout: Layout = []
      for (const [i, change] of story.entries()) {
        changeAll([a, b], change, i + 2)
        layout = await writtenOver(file, [a, b], layout)
        expect(heldIn(file)).toEqual(stateOf([a, b]))
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 10_000 },
  )
})

test('a part that has not changed is written to a file once', async () => {
  const steady = Array.from({ length: 8 }, (_, i) => new Piece(100_000, i, i % 2 === 0 ? 'steady' : 'made'))
  const snapshot = new Pieces('a', [new Piece(1000, 0, 'written'), ...steady, new Piece(70_000, 0, 'written')])
  const file = new Memory()
  let layout = await writtenOver(file, [snapshot], [])
  for (const changed of [0, 1, 2, 0]) {
    for (let i = 0; i < changed; i++) steady[i]!.change(100_000, 77 + changed)
    layout = await writtenOver(file, [snapshot], layout)
    expect(file.written - 71_000 - changed * 100_000).toBeLessThan(500)
    expect(heldIn(file)).toEqual(stateOf([snapshot]))
  }
})

test('a part that is longer is another one, whatever its version says', async () => {
  const version = {}
  const [file, snapshot] = [new Memory(), new Pieces('a', [])]
  let layout: Layout = []
  for (const length of [5000, 9000, 9000, 6000, 4000]) {
    const steady = new Uint8Array(length).fill(1)
    snapshot.parts = function* () {
      yield { steady, version, length }
    }
    layout = await writtenOver(file, [snapshot], layout)
    expect(heldIn(file)).toEqual(stateOf([snapshot]))
  }
})

test('a file does not grow with what comes and goes', async () => {
  const steady = Array.from({ length: 8 }, (_, i) => new Piece(10_000, i, i % 2 === 0 ? 'steady' : 'made'))
  const snapshot = new Pieces('a', steady)
  const file = new Memory()
  let layout: Layout = []
  for (let i = 0; i < 60; i++) {
    steady[i % 8]!.change(10_000 + ((i * 137) % 5000), i)
    snapshot.pieces.unshift(new Piece((i % 30) * 1000, i, 'written'))
    layout = await writtenOver(file, [snapshot], layout)
    expect(file.bytes.length).toBeLessThan(2 * snapshot.save().length)
    snapshot.pieces.shift()
  }
})

test('a spare file of another process is not written over: it may be the previous one under a second name', async () => {
  const snapshot = new Pieces('a', [new Piece(10_000, 1, 'steady')])
  const state = stateOf([snapshot])
  const first = new Checkpoint({ folder, log: silentLog })
  for (let i = 0; i < 3; i++) await first.write([snapshot], i).done
  writeFileSync(join(folder, 'checkpoint.tmp'), 'half')
  rmSync(join(folder, 'checkpoint.spare'))
  linkSync(join(folder, 'checkpoint.previous'), join(folder, 'checkpoint.spare'))
  const next = new Checkpoint({ folder, log: silentLog })
  snapshot.pieces[0]!.change(10_000, 2)
  const later = { name: 'c', save: () => new Uint8Array(), load() {}, durable: () => Promise.reject(new Error('EIO')) }
  await expect(next.write([snapshot, later], 9).done).rejects.toThrow(/cannot be written/)
  expect(heldBy(join(folder, 'checkpoint.previous'))).toEqual(state)
})
