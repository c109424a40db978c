import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Damaged, type Read, readAround, readInto } from './file-bytes.ts'

const PAGE = 4096
const folder = mkdtempSync(join(tmpdir(), 'barograph-bytes-'))
const path = join(folder, 'file')
const content = new Uint8Array(5 * PAGE + 7).map((_, i) => 1 + (i % 251))
let fd: number
beforeAll(() => {
  writeFileSync(path, content)
  fd = openSync(path, 'r')
})
afterAll(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

/** A disk with bad places, which fails a read of any of them; it reads no more than three pages at once. */
function disk(...bad: readonly number[]): Read {
  return (file, bytes, offset, length, position) => {
    const end = position! + Math.min(length, 3 * PAGE)
    if (bad.some((at) => at >= position! && at < end)) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    return readSync(file, bytes, offset, end - position!, position)
  }
}

test.each([[[]], [[0]], [[PAGE + 3]], [[2 * PAGE - 1, 2 * PAGE]], [[content.length - 1]], [[0, PAGE, 5 * PAGE]]])(
  'pages that a disk cannot read are zeros: %j',
  (bad) => {
    const expected = content.slice()
    for (const at of bad) {
      const from = at - (at % PAGE)
      expected.fill(0, from, from + PAGE)
    }
    expect(readAround(path, disk(...bad))).toEqual({ bytes: expected, isWhole: bad.length === 0 })
  },
)

test('what must be whole is damaged', () => {
  const bytes = new Uint8Array(content.length)
  readInto(fd, bytes, 0, disk())
  expect(bytes).toEqual(content)
  expect(() => readInto(fd, bytes, 0, disk(PAGE))).toThrow(Damaged)
})

test('a file that cannot be read at all is told', () => {
  const refused = expect.objectContaining({ code: 'unavailable', message: expect.stringContaining(folder) })
  expect(() => readAround(join(folder, 'none'))).toThrow(refused)
  const full: Read = () => {
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
  }
  expect(() => readAround(path, full)).toThrow(refused)
})
