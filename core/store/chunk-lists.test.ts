import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { Blocks } from './blocks.ts'
import { ChunkFiles } from './chunk-files.ts'
import { ChunkLists } from './chunk-lists.ts'
import { SampleBuffer } from './sample-buffer.ts'

const ALL = { from_ms: -Infinity, to_ms: Infinity }
const CHUNK = 96

function samplesFrom(first: number, count: number): SampleBuffer {
  const samples = new SampleBuffer()
  samples.reset(1)
  samples.reserve(count)
  for (let i = 0; i < count; i++) {
    samples.time_ms[i] = (first + i) * 1000
    samples.columns[0]![i] = first + i
    samples.stale[i] = 0
  }
  samples.length = count
  return samples
}

test('what has the length of a chunk at once goes to a file, what is shorter grows in memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-lists-'))
  const tell = (): void => undefined
  const log = { debug: tell, info: tell, warn: tell, error: tell }
  const files = new ChunkFiles({
    folder,
    file_bytes: 100_000,
    span_ms: Infinity,
    cache_bytes: 0,
    meter: silentMeter,
    log,
  })
  const lists = new ChunkLists(
    {
      blocks: new Blocks(),
      files,
      columns: () => 1,
      open_bytes: 1e6,
      chunk_samples: CHUNK,
      least_samples: 24,
      span_ms: Infinity,
    },
    new SampleBuffer(),
  )
  lists.add()
  lists.append(0, samplesFrom(0, CHUNK * 3), 0, CHUNK * 3)
  expect([lists.hasOpen(0), lists.bytes]).toEqual([false, 0])
  lists.append(0, samplesFrom(CHUNK * 3, 5), 0, 5)
  expect(lists.hasOpen(0)).toBe(true)
  const read = new SampleBuffer()
  read.reset(1)
  lists.read(0, ALL, [0], read)
  const expected = samplesFrom(0, CHUNK * 3 + 5)
  expect(read.length).toBe(expected.length)
  expect(read.columns[0]!.slice(0, read.length)).toEqual(expected.columns[0]!.slice(0, expected.length))
  rmSync(folder, { recursive: true })
})
