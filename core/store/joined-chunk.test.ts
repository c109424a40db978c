// Pieces joined into one chunk: with an index where they are long, and found by it.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { decodePiece, encodePiece, pieceCount } from './chunk-codec.ts'
import { type ChunkPlace, eachPiece, joinChunks, type WholeChunk } from './joined-chunk.ts'
import { SampleBuffer } from './sample-buffer.ts'

interface Piece {
  readonly times_ms: readonly number[]
  readonly values: readonly number[]
}

function samplesOf({ times_ms, values }: Piece): SampleBuffer {
  const samples = new SampleBuffer()
  samples.reset(1)
  samples.reserve(times_ms.length)
  samples.time_ms.set(times_ms)
  samples.columns[0]!.set(values)
  samples.length = times_ms.length
  return samples
}

function chunkOf(piece: Piece): WholeChunk {
  const bytes = encodePiece({ samples: samplesOf(piece), from: 0, to: piece.times_ms.length }).slice()
  return { bytes, at: 0, end: bytes.length, ...factsOf(piece) }
}

function factsOf({ times_ms }: Piece): { count: number; from_ms: number; to_ms: number } {
  return { count: times_ms.length, from_ms: times_ms[0]!, to_ms: times_ms.at(-1)! }
}

/** In a place of its own among other bytes. */
function placed(bytes: Uint8Array): ChunkPlace {
  const around = new Uint8Array(bytes.length + 20).fill(7)
  around.set(bytes, 11)
  return { bytes: around, at: 11, end: 11 + bytes.length }
}

function read(place: ChunkPlace, range?: { from_ms: number; to_ms: number }): Piece {
  const all: { times_ms: number[]; values: number[] } = { times_ms: [], values: [] }
  const take = (bytes: Uint8Array, at: number): number => {
    const buffer = new SampleBuffer()
    buffer.reset(1)
    const count = pieceCount(bytes, at)
    buffer.reserve(count)
    const end = decodePiece(bytes, at, { samples: buffer, wanted: [0], columns: 1, at: 0 })
    all.times_ms.push(...buffer.time_ms.subarray(0, count))
    all.values.push(...buffer.columns[0]!.subarray(0, count))
    return end
  }
  eachPiece(place, take, range)
  return all
}

/** In order of time, some of noise: few of them are long enough for an index. */
const pieces = fc
  .array(
    fc.record({
      gap_ms: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0.5, max: 1000, noNaN: true })),
      count: fc.integer({ min: 1, max: 400 }),
      noisy: fc.boolean(),
    }),
    { minLength: 2, maxLength: 20 },
  )
  .chain((shapes) =>
    fc.integer({ min: -1e12, max: 2e12 }).map((start_ms) => {
      let time_ms = start_ms
      return shapes.map(({ gap_ms, count, noisy }): Piece => {
        const times_ms = Array.from({ length: count }, () => (time_ms += gap_ms))
        return { times_ms, values: times_ms.map((time, i) => (noisy ? Math.sin(time) : i)) }
      })
    }),
  )

const whole = (list: readonly Piece[]): Piece => ({
  times_ms: list.flatMap(({ times_ms }) => times_ms),
  values: list.flatMap(({ values }) => values),
})

test('pieces that were joined, once or twice, come back as they were', () => {
  fc.assert(
    fc.property(pieces, fc.nat({ max: 20 }), (list, cut) => {
      const work = new SampleBuffer()
      const [some, others] = [list.slice(0, cut), list.slice(cut)]
      const bytes = some.length > 0 ? [joinChunks(some.map(chunkOf), 1, work)] : []
      const first = bytes.map((one) => ({ ...placed(one), ...factsOf(whole(some)) }))
      expect(read(placed(joinChunks([...first, ...others.map(chunkOf)], 1, work)))).toEqual(whole(list))
    }),
  )
})

test('of a range every sample is found, and pieces beside it are passed over where there is an index', () => {
  fc.assert(
    fc.property(pieces, fc.nat(), fc.nat(), (list, a, b) => {
      const { times_ms } = whole(list)
      const [from, to] = [a % times_ms.length, b % times_ms.length].toSorted((x, y) => x - y)
      const range = { from_ms: times_ms[from!]!, to_ms: times_ms[to!]! }
      const joined = placed(joinChunks(list.map(chunkOf), 1, new SampleBuffer()))
      const found = read(joined, range)
      const inside = (piece: Piece): boolean =>
        Math.ceil(piece.times_ms.at(-1)!) >= range.from_ms && Math.floor(piece.times_ms[0]!) <= range.to_ms
      const isIndexed = joined.bytes[joined.at] === 0
      expect(found).toEqual(whole(isIndexed ? list.filter(inside) : list))
    }),
  )
})

test('long chunks have an index, short ones none', () => {
  const noise = (count: number, from: number): Piece => {
    const times_ms = Array.from({ length: count }, (_, i) => (from + i) * 1000)
    return { times_ms, values: times_ms.map((time) => Math.sin(time)) }
  }
  const joined = (count: number): Uint8Array =>
    joinChunks(
      [0, 1, 2].map((i) => chunkOf(noise(count, i * count))),
      1,
      new SampleBuffer(),
    )
  expect([joined(100)[0], joined(30)[0]]).toEqual([0, 30])
})
