import { afterEach, expect, test, vi } from 'vitest'

import { atOnce } from '#core/steps.ts'

import { Families } from './family.ts'
import { hashOf, type Line, Lines } from './lines.ts'

const MIB = 2 ** 20
const COUNT = 50_000
const text = (i: number): Buffer => Buffer.from(`requests{path="/api/v1/some/thing/of/a/certain/length/${i}"}`)
const about = { metadata: undefined, family: new Families().none }

function added(lines: Lines<number>, bytes: Buffer): Line<number> {
  return lines.add(bytes, { from: 0, to: bytes.length, hash: hashOf(bytes, 0, bytes.length) }, about)
}

function found(lines: Lines<number>, bytes: Buffer): Line<number> | undefined {
  return lines.find(bytes, 0, bytes.length, hashOf(bytes, 0, bytes.length))
}

afterEach(() => vi.restoreAllMocks())

test('however many lines come, none is moved: room is made a mebibyte at a time, or for one line that is longer', () => {
  const alloc = vi.spyOn(Buffer, 'alloc')
  const lines = new Lines<number>(true)
  for (let i = 0; i < COUNT; i++) added(lines, text(i)).known = i
  const sizes = alloc.mock.calls.map(([size]) => size)
  expect(Math.max(...sizes)).toBe(MIB)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(COUNT * text(COUNT).length + 2 * MIB)
  const long = Buffer.alloc(3 * MIB, 'x')
  added(lines, long).known = -1
  added(lines, text(COUNT)).known = COUNT
  expect([0, 7, COUNT - 1, COUNT].map((i) => found(lines, text(i))?.known)).toEqual([0, 7, COUNT - 1, COUNT])
  expect([found(lines, long)?.known, found(lines, text(COUNT + 1))]).toEqual([-1, undefined])
  expect(lines.size).toBe(COUNT + 2)
})

test('those that were not on the page are forgotten in steps, once they are as many as those that were', () => {
  const lines = new Lines<number>(true)
  for (let i = 0; i < COUNT; i++) {
    const line = added(lines, text(i))
    line.known = i
    line.page = i % 3 === 0 ? 2 : 1
  }
  const onPage = Math.ceil(COUNT / 3)
  expect(atOnce(lines.trim(2, COUNT))).toBe(false)
  const copied = vi.spyOn(lines, 'add')
  const steps = lines.trim(2, onPage)
  let most = 0
  for (let done: boolean | undefined = false; done !== true;) {
    copied.mockClear()
    done = steps.next().done
    most = Math.max(most, copied.mock.calls.length)
  }
  expect(most).toBeLessThan(COUNT / 10)
  expect(lines.size).toBe(onPage)
  expect([found(lines, text(3))?.known, found(lines, text(3))?.page, found(lines, text(4))]).toEqual([3, 2, undefined])
})
