import fc from 'fast-check'
import { expect, test } from 'vitest'

import { messageOf } from '#core/errors.ts'
import { atOnce } from '#core/steps.ts'

import { Catalogue } from '../normal/catalogue.ts'
import { AliasTable } from './alias-table.ts'
import { Allowance } from './allowance.ts'
import { proto, readMetricsProto } from './metrics-proto.ts'
import { PointKernel } from './point-kernel.ts'
import { Points } from './points.ts'

/** A length-delimited field; lengths of more than one byte have two. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const { length } = Buffer.concat(parts)
  const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
  return Buffer.concat([Uint8Array.from([number * 8 + 2, ...size]), ...parts])
}

function fixed(tag: number, bits: bigint): Uint8Array {
  const bytes = Buffer.alloc(9)
  bytes[0] = tag
  bytes.writeBigUInt64LE(bits, 1)
  return bytes
}

/** What stands in a point, in this order, by a letter: its attributes, start, time, value; the rest is not usual. */
const FORMS = [
  'ASTV',
  'STVA',
  'ATV',
  'TVA',
  'TV',
  'STV',
  'ASTVF',
  'TVAF',
  'TVEA',
  'ATVE',
  'aTVb',
  'SXVA',
  'ASXV',
  'ASV',
  'ST',
  'VTA',
  '',
]

interface Point {
  readonly form: string
  readonly route: string
  readonly start: bigint
  readonly time: bigint
  readonly bits: bigint
  readonly int: boolean
  /** Its length has four bytes. */
  readonly padded: boolean
}

function pointOf({ form, route, start, time, bits, int, padded }: Point): Uint8Array {
  const [a, b] = [
    field(7, field(1, Buffer.from('route')), field(2, field(1, Buffer.from(route)))),
    field(7, field(1, Buffer.from('method'))),
  ]
  const parts: Readonly<Record<string, Uint8Array>> = {
    A: Buffer.concat([a, b]),
    a,
    b,
    S: fixed(0x11, start),
    T: fixed(0x19, time),
    V: fixed(int ? 0x31 : 0x21, bits),
    F: Uint8Array.of(0x40, 1),
    E: field(5, fixed(0x19, 1n)),
    X: fixed(0x51, time),
  }
  const all = Array.from(form, (letter) => parts[letter]!)
  return padded ? long(1, all) : field(1, ...all)
}

function bodyOf(metrics: readonly (readonly Point[])[]): Uint8Array {
  const written = metrics.map((points, i) => {
    const isSum = i % 2 === 0
    const timing = isSum ? [Uint8Array.of(0x10, 2), Uint8Array.of(0x18, 1)] : []
    return long(2, [field(1, Buffer.from(`metric ${i}`)), long(isSum ? 7 : 5, [...points.map(pointOf), ...timing])])
  })
  return long(1, [long(2, written)])
}

/** A field whose length has four bytes, as some senders write what they fill in later. */
function long(number: number, parts: readonly Uint8Array[]): Uint8Array {
  const inside = Buffer.concat(parts)
  const size = [0, 7, 14, 21].map((shift) => ((inside.length >> shift) & 127) | (shift < 21 ? 128 : 0))
  return Buffer.concat([Uint8Array.from([number * 8 + 2, ...size]), inside])
}

/** Reads bodies one after the other, and keeps what is new, as those who resolve points do. */
class Reader {
  readonly catalogue: Catalogue
  readonly #points = new Points()
  readonly #objects: number

  constructor(kernel: boolean, objects = 1e6) {
    this.catalogue = new Catalogue(proto, { seed: 5, kernel })
    this.#objects = objects
  }

  read(body: Uint8Array): unknown {
    const points = this.#points
    points.clear()
    try {
      atOnce(readMetricsProto(body, points, this.catalogue, () => new Allowance(this.#objects)))
    } catch (error) {
      return messageOf(error)
    }
    const { numbers, misses, missSource, missFrom, missTo, missMetric, exemplars } = points
    const { length } = numbers
    const columns = [numbers.code, numbers.time_ms, numbers.start_ms, numbers.value, numbers.state]
    const seen = columns.map((column) => [...column.subarray(0, length)])
    const missed = [missSource, missFrom, missTo, missMetric].map((column) => [...column.subarray(0, misses)])
    for (let i = 0; i < misses; i++) {
      const view = points.sources[missSource[i]!]!
      const [from, to, metric] = [missFrom[i]!, missTo[i]!, missMetric[i]!]
      if (this.catalogue.points.find(view, from, to, metric) < 0) this.catalogue.addPoint(view, from, to, metric)
    }
    return { seen, missed, exemplars: [...exemplars] }
  }
}

const times = fc.oneof(fc.constant(1_790_000_000_000_000_001n), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }))
const point: fc.Arbitrary<Point> = fc.record({
  form: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('ASTV', 'STVA') }, fc.constantFrom(...FORMS)),
  route: fc.oneof(
    fc.nat(40).map((n) => `/${n}`),
    fc.nat(200).map((n) => 'x'.repeat(n)),
  ),
  start: times,
  time: times,
  bits: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(1000).map(BigInt)),
  int: fc.boolean(),
  padded: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.boolean()),
})
const metrics = fc.array(fc.array(point, { maxLength: 40 }), { minLength: 1, maxLength: 3 })
/** What is done to the body of a round: a byte is another one, its end is missing. */
const damage = fc.option(fc.tuple(fc.nat(), fc.nat(255), fc.option(fc.nat())))

function damaged(body: Uint8Array, how: readonly [number, number, number | null] | null): Uint8Array {
  if (how === null) return body
  const copy = body.slice()
  copy[how[0] % copy.length] = how[1]
  return how[2] === null ? copy : copy.subarray(0, how[2] % copy.length)
}

test('sees the same as without it, of whatever bodies', () => {
  fc.assert(
    fc.property(metrics, fc.array(damage, { minLength: 3, maxLength: 8 }), (all, rounds) => {
      const readers = [new Reader(true), new Reader(false)] as const
      expect(readers[0].catalogue.kernel).toBeDefined()
      for (const [round, how] of rounds.entries()) {
        const moved = all.map((points) => points.map((one) => ({ ...one, bits: one.bits ^ BigInt(round) })))
        const body = damaged(bodyOf(moved), how)
        expect(readers[0].read(body)).toEqual(readers[1].read(body))
      }
    }),
    { numRuns: 300 },
  )
})

function usual(length: number, form = 'STVA'): Point[] {
  return Array.from({ length }, (_, i) => {
    return {
      form,
      route: `/${i}`,
      start: 1n,
      time: 1_790_000_000_000_000_000n,
      bits: BigInt(i),
      int: true,
      padded: false,
    }
  })
}

test('takes all points of a metric that it knows, with one that is not usual among them', () => {
  const reader = new Reader(true)
  const kernel = reader.catalogue.kernel!
  const points = usual(60).with(30, { ...usual(31, 'STVAF')[30]! })
  const body = bodyOf([points])
  const columns = reader.read(body)
  expect(reader.read(body)).not.toEqual(columns)
  const data = Buffer.concat(points.map(pointOf))
  const { numbers } = new Points()
  expect(kernel.lay(data, 0, data.length)).toBe(true)
  const to = kernel.read(0, 0, reader.catalogue.points, numbers)
  expect([to, numbers.length]).toEqual([Buffer.concat(points.slice(0, 30).map(pointOf)).length, 30])
  expect(kernel.read(to, 0, reader.catalogue.points, numbers)).toBe(to)
})

test('tells the same attributes of two metrics apart, where the one was expected', () => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const points = usual(40)
  const bodies = [
    [points, points],
    [points, points],
    [points.slice(0, 20), points.slice(20)],
  ].map(bodyOf)
  for (const body of bodies) expect(reader.read(body)).toEqual(other.read(body))
})

test('takes more points of a metric than its columns have room for', () => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const many = Array.from({ length: 9000 }, () => usual(1, 'STV')[0]!)
  const body = bodyOf([many])
  for (let round = 0; round < 3; round++) {
    const read = reader.read(body)
    expect(read).toHaveProperty('seen')
    expect(read).toEqual(other.read(body))
  }
})

test('counts what it takes', () => {
  const body = bodyOf([usual(60)])
  const reader = new Reader(true, 62)
  for (let round = 0; round < 3; round++) expect(reader.read(body)).toContain('62 objects')
})

test('does not take what was laid before for the end of a point', () => {
  const reader = new Reader(true)
  const points = Buffer.concat(usual(20).map(pointOf))
  for (let round = 0; round < 2; round++) reader.read(bodyOf([usual(20)]))
  const { kernel, points: aliases } = reader.catalogue
  const { numbers } = new Points()
  expect(kernel!.lay(points, 0, points.length)).toBe(true)
  expect(kernel!.lay(points, 0, points.length - 1)).toBe(true)
  kernel!.read(0, 0, aliases, numbers)
  expect(numbers.length).toBe(19)
})

test('learns anew when all is forgotten', () => {
  const reader = new Reader(true)
  const body = bodyOf([usual(60), usual(60, 'ASTV')])
  const first = reader.read(body)
  const known = reader.read(body)
  reader.catalogue.clear()
  expect(reader.read(body)).toEqual(first)
  expect(reader.read(body)).toEqual(known)
})

test('leaves all to others once there is no memory for keys, and what was kept stays', () => {
  const kernel = PointKernel.begin(40)!
  const table = new AliasTable(1, kernel)
  const bytes = Buffer.alloc(2 ** 15)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const body = new Uint8Array(1000)
  const laid: boolean[] = []
  for (let i = 0; i < 200; i++) {
    view.setInt32(100, i)
    expect(table.add(view, 0, bytes.length, i % 3)).toBe(i)
    laid.push(kernel.lay(body, 0, body.length))
  }
  expect([laid[0], laid.at(-1)]).toEqual([true, false])
  for (let i = 0; i < 200; i++) {
    view.setInt32(100, i)
    expect(table.find(view, 0, bytes.length, i % 3)).toBe(i)
  }
  kernel.clear()
  const again = new AliasTable(1, kernel)
  expect(again.add(view, 0, bytes.length, 0)).toBe(0)
  expect(kernel.lay(body, 0, body.length)).toBe(true)
})
