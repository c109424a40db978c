import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Log } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { ChunkFiles, type ChunkFilesOptions } from './chunk-files.ts'

let folder: string
let told: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-chunks-'))
  told = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function filesIn(options: Partial<ChunkFilesOptions> = {}): ChunkFiles {
  const tell = (message: string): void => void told.push(message)
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell }
  return new ChunkFiles({
    folder,
    file_bytes: 1000,
    span_ms: Infinity,
    cache_bytes: 0,
    meter: silentMeter,
    log,
    ...options,
  })
}

const payload = (n: number): Uint8Array => new Uint8Array(100 + (n % 50)).fill(n % 251)

interface Written {
  readonly n: number
  readonly file: number
  readonly at: number
}

function write(files: ChunkFiles, from: number, to: number): Written[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    return { n, ...files.append(payload(n), n + 0.5, 0) }
  })
}

function bytesOf(files: ChunkFiles, { n, file, at }: Written): Uint8Array | undefined {
  const size = payload(n).length
  const place = files.read(file, at, size)
  return place?.bytes.slice(place.at, place.at + size)
}

const sound = (files: ChunkFiles, written: readonly Written[]): number[] => {
  return written
    .filter((one) => Buffer.compare(bytesOf(files, one) ?? Buffer.of(), payload(one.n)) === 0)
    .map(({ n }) => n)
}
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

function restarted(files: ChunkFiles, options: Partial<ChunkFilesOptions> = {}): ChunkFiles {
  const writer = new ByteWriter()
  files.save(writer)
  files.close()
  const again = filesIn(options)
  again.load(new ByteReader(writer.copy()))
  return again
}

test.each([0, 2500, 1e6])('what is appended is read back, with a cache of %i bytes', (cache_bytes) => {
  const files = filesIn({ cache_bytes })
  const written = write(files, 0, 60)
  expect(sound(files, written)).toEqual(numbers(0, 60))
  expect(files.held).toBeLessThanOrEqual(Math.max(cache_bytes, 0) + 2 * 65_536)
  const again = restarted(files, { cache_bytes })
  // Often enough to be taken into memory where there is room.
  for (let i = 0; i < 3; i++) expect(sound(again, written)).toEqual(numbers(0, 60))
  again.close()
})

test('however many files are read, few are open: connections need descriptors as well', async () => {
  const files = filesIn()
  const written = write(files, 0, 2500)
  expect(files.write()).toBe(true)
  await files.durable()
  const again = restarted(files)
  const open = (): number => readdirSync('/dev/fd').length
  const before = open()
  expect(new Set(written.map(({ file }) => file)).size).toBeGreaterThan(300)
  for (let i = 0; i < 2; i++) expect(sound(again, written)).toEqual(numbers(0, 2500))
  expect(open() - before).toBeLessThanOrEqual(128)
  again.close()
})

test('a file ends when it is full, or its samples span long enough, and goes as a whole', () => {
  const files = filesIn({ span_ms: 3 })
  const written = write(files, 0, 20)
  expect(new Set(written.map(({ file }) => file)).size).toBe(5)
  expect(files.before(8)).toEqual([1, 2])
  for (const file of files.before(8)) files.drop(file)
  expect(sound(files, written)).toEqual(numbers(8, 20))
  expect(existsSync(join(folder, '00000001.chunk'))).toBe(false)
  expect(files.bytes).toBeLessThan(20 * 170)
  files.close()
})

test('without a folder all is in memory, and in the snapshot', () => {
  const files = filesIn({ folder: undefined })
  const written = write(files, 0, 60)
  const again = restarted(files, { folder: undefined })
  expect(sound(again, written)).toEqual(numbers(0, 60))
  expect(again.bytes).toBe(files.bytes)
  expect(readdirSync(folder)).toEqual([])
})

test('after a crash, what no snapshot names is cut off or deleted, and a new file is begun', async () => {
  const files = filesIn()
  const before = write(files, 0, 20)
  const writer = new ByteWriter()
  files.save(writer)
  await files.durable()
  write(files, 20, 40)
  files.write()
  files.close()
  const last = before.at(-1)!.file
  const path = join(folder, `0000000${last}.chunk`)
  appendFileSync(path, 'half a chu')

  const again = filesIn()
  again.load(new ByteReader(writer.copy()))
  expect(sound(again, before)).toEqual(numbers(0, 20))
  const more = write(again, 20, 25)
  expect(more[0]!.file).toBeGreaterThan(last)
  expect(sound(again, [...before, ...more])).toEqual(numbers(0, 25))
  again.write()
  again.save(new ByteWriter())
  await again.durable()
  expect(readdirSync(folder).length).toBeGreaterThan(new Set([...before, ...more].map(({ file }) => file)).size)
  again.placed()
  const named = new Set([...before, ...more].map(({ file }) => file))
  expect(readdirSync(folder)).toHaveLength(named.size)
  expect(told).toEqual([])
  again.close()
})

test('a file that nobody refers to any more stays until two snapshots without it were in their place, however many failed between', async () => {
  const files = filesIn()
  const written = write(files, 0, 20)
  const save = (): void => files.save(new ByteWriter())
  const isThere = (): boolean => existsSync(join(folder, '00000001.chunk'))
  save()
  await files.durable()
  files.placed()
  for (const { n, file } of written) if (file === 1) files.release(file, payload(n).length)
  // Those that did not come so far, whatever of them was on the disk: a start would read the first.
  save()
  for (let i = 0; i < 3; i++) {
    save()
    await files.durable()
  }
  expect(isThere()).toBe(true)
  files.placed()
  // The first may be read yet, where this one is damaged.
  expect(isThere()).toBe(true)
  save()
  await files.durable()
  expect(isThere()).toBe(true)
  files.placed()
  expect(isThere()).toBe(false)
  files.close()
})

test('after a sync that failed, what the system may have lost is written again, and only then is it safe', async () => {
  let failing = true
  const datasync = (): Promise<void> => (failing ? Promise.reject(new Error('EIO')) : Promise.resolve())
  const files = filesIn({ cache_bytes: 2 ** 20, datasync })
  const written = write(files, 0, 30)
  const writer = new ByteWriter()
  files.save(writer)
  await expect(files.durable()).rejects.toThrow('cannot be synced')
  // What a disk has that took nothing.
  writeFileSync(join(folder, '00000001.chunk'), '')
  failing = false
  expect(files.unwritten).toBeGreaterThan(800)
  const again = restarted(files, { datasync })
  expect(files.unwritten).toBe(0)
  await files.durable()
  expect(sound(again, written)).toEqual(numbers(0, 30))
  again.close()
})

/** Whether files could be made such that nobody may write them, root included. */
function immutable(path: string, on: boolean): boolean {
  return spawnSync('chattr', [on ? '+i' : '-i', path]).status === 0
}

test('a file that nobody may write keeps what the snapshot knows of it', (context) => {
  const files = filesIn()
  const written = write(files, 0, 30)
  const writer = new ByteWriter()
  files.save(writer)
  files.close()
  const path = join(folder, '00000001.chunk')
  appendFileSync(path, 'more than the snapshot knows of')
  if (!immutable(path, true)) context.skip('files cannot be made immutable here')
  try {
    const again = filesIn()
    again.load(new ByteReader(writer.copy()))
    expect(sound(again, written)).toEqual(numbers(0, 30))
  } finally {
    immutable(path, false)
  }
})

test('a damaged chunk is left out, and said once; a file that is gone or short costs what was in it', () => {
  const files = filesIn()
  const written = write(files, 0, 30)
  const writer = new ByteWriter()
  files.save(writer)
  files.close()
  const [first, second, third] = [1, 2, 3].map((file) => written.filter((one) => one.file === file))
  const { at } = first![2]!
  const bytes = Buffer.alloc(1, 0xff)
  const path = (file: number): string => join(folder, `0000000${file}.chunk`)
  const whole = statSync(path(2)).size
  truncateSync(path(2), whole - 30)
  rmSync(path(3))
  const damaged = Buffer.from(readFileSync(path(1)))
  bytes.copy(damaged, at + 3)
  writeFileSync(path(1), damaged)

  const again = filesIn({ cache_bytes: 1e6 })
  again.load(new ByteReader(writer.copy()))
  for (let i = 0; i < 10; i++) {
    expect(sound(again, written)).toEqual(
      numbers(0, 30).filter((n) => n !== first![2]!.n && n !== second!.at(-1)!.n && !third!.some((one) => one.n === n)),
    )
  }
  expect(told.filter((line) => line === 'Stored samples are damaged and left out.')).toHaveLength(2)
  again.close()
})

test('what cannot be written stays in memory, a snapshot is refused, and it is written when it can be', () => {
  const files = filesIn({ cache_bytes: 2000 })
  mkdirSync(join(folder, '00000001.chunk'))
  const written = write(files, 0, 40)
  expect(files.isStuck).toBe(true)
  expect(sound(files, written)).toEqual(numbers(0, 40))
  expect(() => files.save(new ByteWriter())).toThrow(expect.objectContaining({ code: 'unavailable' }))
  expect(told).toEqual(['Sealed samples cannot be written and stay in memory; is the disk full?'])
  rmdirSync(join(folder, '00000001.chunk'))
  written.push(...write(files, 40, 80))
  expect(files.isStuck).toBe(false)
  expect(files.unwritten).toBeLessThan(2000)
  expect(told.at(-1)).toBe('Sealed samples can be written again.')
  expect(sound(restarted(files), written)).toEqual(numbers(0, 80))
})

test('a file in the place of another is none of ours, however sound its chunks', async () => {
  const files = filesIn({ file_bytes: 300 })
  // Alike in length, so that chunks lie at the same places.
  const written = [1, 2, 51, 52, 101, 102].map((n) => ({ n, ...files.append(payload(n), n, 0) }))
  expect(written.map(({ file, at }) => [file, at])).toEqual(
    [1, 2, 3].flatMap((file) => [
      [file, 24],
      [file, 133],
    ]),
  )
  files.write()
  await files.durable()
  const again = restarted(files)
  copyFileSync(join(folder, '00000001.chunk'), join(folder, '00000002.chunk'))
  expect(sound(again, written)).toEqual([1, 2, 101, 102])
  expect(again.isSound(2)).toBe(false)
  expect(told).toEqual(['Stored samples are damaged and left out.'])
  again.close()
})

test('files of earlier versions, which do not have their number, are read', () => {
  const files = filesIn()
  const written = write(files, 0, 5)
  const again = restarted(files)
  const path = join(folder, '00000001.chunk')
  const bytes = readFileSync(path)
  bytes.writeUInt32LE(0, 12)
  writeFileSync(path, bytes)
  expect(sound(again, written)).toEqual(numbers(0, 5))
  again.close()
})

test.each([
  ['memory has them', 2 ** 20, true],
  ['they are open', 0, true],
  ['memory has their ends', 0, false],
])('files that are deleted while they are in use are written once more, where %s', async (_, cache_bytes, isOpen) => {
  const files = filesIn({ cache_bytes, file_bytes: 300_000 })
  const before = write(files, 0, 1000)
  files.write()
  await files.durable()
  const used = isOpen ? files : restarted(files, { cache_bytes, file_bytes: 300_000 })
  const after = isOpen ? [] : write(used, 1000, 1010)
  rmSync(folder, { recursive: true })
  const again = restarted(used)
  expect(sound(again, before)).toEqual(isOpen ? numbers(0, 1000) : [])
  expect(sound(again, after)).toEqual(isOpen ? [] : numbers(1000, 1010))
  expect(told[0]).toBe('A file of stored samples was deleted; what memory has of it is kept.')
  again.close()
})
