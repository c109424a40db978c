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
const NUMBER_FORMS = [
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
/** The same of a histogram, with its count, sum, counts, bounds, what is least and most. */
const HISTOGRAM_FORMS = [
  'ASTCVKB',
  'STCVKBAmM',
  'STCVmMKBA',
  'STCmKBAM',
  'TCKBA',
  'ATCVKBm',
  'ATCVKBM',
  'STCVKBAMm',
  'STCVKBmMA',
  'STCVKB',
  'STCVKBAF',
  'STCVKBEA',
  'aSTCVKBb',
  'STCVKBabA',
  'STCVKKBA',
  'STCVkBA',
  'STCVKBBA',
  'STCVBKA',
  'STCVKA',
  'STXVKBA',
  'STVVKBA',
  'STCVoBA',
  'STCVKOA',
  'STCVBA',
  'STCVA',
  'ASTVCKB',
  'ASTCXKB',
  'AST',
  '',
]
const BOUNDS = [[1, 2, 3], [0.5], [], [1, 2, 4], Array.from({ length: 20 }, (_, i) => i)]

interface Point {
  readonly form: string
  readonly route: string
  readonly start: bigint
  readonly time: bigint
  readonly bits: bigint
  readonly int: boolean
  /** Its length has four bytes. */
  readonly padded: boolean
  /** Of a histogram: which of `BOUNDS`, and how many counts it has more than usual. */
  readonly bounds: number
  readonly more: number
}

function doubles(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer)
}

function histogramOf({ form, route, start, time, bits, int, padded, bounds, more }: Point): Uint8Array {
  const [a, b] = [
    field(9, field(1, Buffer.from('route')), field(2, field(1, Buffer.from(route)))),
    field(9, field(1, Buffer.from('method'))),
  ]
  const width = Math.max(0, BOUNDS[bounds]!.length + 1 + more)
  const one = int ? bits : bits >> 13n
  const counts = BigUint64Array.from({ length: width }, (_, i) => one >> BigInt(i))
  const parts: Readonly<Record<string, Uint8Array>> = {
    A: Buffer.concat([a, b]),
    a,
    b,
    S: fixed(0x11, start),
    T: fixed(0x19, time),
    C: fixed(0x21, bits),
    V: fixed(0x29, bits),
    K: field(6, new Uint8Array(counts.buffer)),
    k: fixed(0x31, bits),
    o: field(6, new Uint8Array(counts.buffer), Uint8Array.of(0)),
    B: field(7, doubles(BOUNDS[bounds]!)),
    O: field(7, doubles(BOUNDS[bounds]!), Uint8Array.of(0)),
    m: fixed(0x59, bits),
    M: fixed(0x61, bits),
    F: Uint8Array.of(0x50, 1),
    E: field(8, fixed(0x19, 1n)),
    X: fixed(0x71, time),
  }
  const all = Array.from(form, (letter) => parts[letter]!)
  return padded ? long(1, all) : field(1, ...all)
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

type Data = 'sum' | 'gauge' | 'histogram'
type Metric = { readonly data: Data; readonly points: readonly Point[] }

const DATA = { sum: 7, gauge: 5, histogram: 9 } as const

function bodyOf(metrics: readonly Metric[]): Uint8Array {
  const written = metrics.map(({ data, points }, i) => {
    const timing = [
      ...(data === 'gauge' ? [] : [Uint8Array.of(0x10, 2)]),
      ...(data === 'sum' ? [Uint8Array.of(0x18, 1)] : []),
    ]
    const all = points.map(data === 'histogram' ? histogramOf : pointOf)
    return long(2, [field(1, Buffer.from(`metric ${i}`)), long(DATA[data], [...all, ...timing])])
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
    const { numbers, histograms, misses, missSource, missFrom, missTo, missMetric, exemplars } = points
    const columns = [numbers.code, numbers.time_ms, numbers.start_ms, numbers.value, numbers.state]
    const seen = columns.map((column) => [...column.subarray(0, numbers.length)])
    const { code, row, time_ms, start_ms, count, sum, state, source, from, to, start, buckets, length } = histograms
    const wide = [code, row, time_ms, start_ms, count, sum, state, source, from, to].map((column) => {
      return [...column.subarray(0, length)]
    })
    const counted = [[...start.subarray(0, length + 1)], [...buckets.subarray(0, start[length])]]
    const missed = [missSource, missFrom, missTo, missMetric].map((column) => [...column.subarray(0, misses)])
    this.#keep()
    return { seen, wide, counted, missed, exemplars: [...exemplars] }
  }

  #keep(): void {
    const { misses, missSource, missFrom, missTo, missMetric, sources, histograms } = this.#points
    const { points, rows } = this.catalogue
    const aliases: number[] = []
    for (let i = 0; i < misses; i++) {
      const view = sources[missSource[i]!]!
      const [from, to, metric] = [missFrom[i]!, missTo[i]!, missMetric[i]!]
      const known = points.find(view, from, to, metric)
      aliases.push(known < 0 ? this.catalogue.addPoint(view, from, to, metric) : known)
    }
    for (let i = 0; i < histograms.length; i++) {
      const code = histograms.code[i]!
      const alias = code < 0 ? aliases[-1 - code]! : code
      const [view, from, to] = [sources[histograms.source[i]!]!, histograms.from[i]!, histograms.to[i]!]
      if (rows.find(view, from, to, alias) < 0)
        this.catalogue.addRow({ view, from, to }, alias, { series: i, width: 1 })
    }
  }
}

const times = fc.oneof(fc.constant(1_790_000_000_000_000_001n), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }))
const pointOfForm = (usualForms: readonly string[], forms: readonly string[]): fc.Arbitrary<Point> =>
  fc.record({
    form: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...usualForms) }, fc.constantFrom(...forms)),
    route: fc.oneof(
      fc.nat(40).map((n) => `/${n}`),
      fc.nat(200).map((n) => 'x'.repeat(n)),
    ),
    start: times,
    time: times,
    bits: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(1000).map(BigInt)),
    int: fc.boolean(),
    padded: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.boolean()),
    bounds: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(BOUNDS.length - 1)),
    more: fc.oneof({ weight: 10, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 40 })),
  })
const number = pointOfForm(['ASTV', 'STVA'], NUMBER_FORMS)
const histogram = pointOfForm(['ASTCVKB', 'STCVKBAmM', 'STCVmMKBA'], HISTOGRAM_FORMS)
const metric = fc.constantFrom<Data>('sum', 'gauge', 'histogram').chain((data): fc.Arbitrary<Metric> => {
  const points = fc.array(data === 'histogram' ? histogram : number, { maxLength: 40 })
  return fc.record({ data: fc.constant(data), points })
})
const metrics = fc.array(metric, { minLength: 1, maxLength: 3 })
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
        const moved = all.map(({ data, points }) => {
          return { data, points: points.map((one) => ({ ...one, bits: one.bits ^ BigInt(round) })) }
        })
        const body = damaged(bodyOf(moved), how)
        expect(readers[0].read(body)).toEqual(readers[1].read(body))
      }
    }),
    { numRuns: 300 },
  )
})

const USUAL = { sum: 'STVA', gauge: 'STVA', histogram: 'STCVKBAmM' } as const

function usual(length: number, form: string): Point[] {
  return Array.from({ length }, (_, i) => {
    return {
      form,
      route: `/${i}`,
      start: 1n,
      time: 1_790_000_000_000_000_000n,
      bits: BigInt(i),
      int: true,
      padded: false,
      bounds: 0,
      more: 0,
    }
  })
}

function pointsOf(data: Data, points: readonly Point[]): Uint8Array {
  return Buffer.concat(points.map(data === 'histogram' ? histogramOf : pointOf))
}

/** Reads what lies on the stage from `at` on: how far, and how many points. */
function take({ catalogue }: Reader, data: Data, at: number): readonly [to: number, taken: number] {
  const points = new Points()
  const bytes = new Uint8Array(0)
  const view = new DataView(bytes.buffer)
  const source = { bytes, view, source: 0, points, catalogue, allowance: new Allowance(1) }
  const kernel = catalogue.kernel!
  const to =
    data === 'histogram'
      ? kernel.readHistograms(at, 0, catalogue, source)
      : kernel.readNumbers(at, 0, catalogue, points.numbers)
  return [to, points.length]
}

const KINDS = ['sum', 'histogram'] as const

test.each(KINDS)('takes all points of a %s that it knows, with one that is not usual among them', (data) => {
  const reader = new Reader(true)
  const points = usual(60, USUAL[data]).with(30, { ...usual(31, `${USUAL[data]}F`)[30]! })
  const body = bodyOf([{ data, points }])
  const columns = reader.read(body)
  expect(reader.read(body)).not.toEqual(columns)
  const bytes = pointsOf(data, points)
  expect(reader.catalogue.kernel!.lay(bytes, 0, bytes.length)).toBe(true)
  const [to, taken] = take(reader, data, 0)
  expect([to, taken]).toEqual([pointsOf(data, points.slice(0, 30)).length, 30])
  expect(take(reader, data, to)).toEqual([to, 0])
})

test.each(KINDS)('tells the same attributes of two metrics apart, where the one was expected: a %s', (data) => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const points = usual(40, USUAL[data])
  const bodies = [
    [points, points],
    [points, points],
    [points.slice(0, 20), points.slice(20)],
  ]
  for (const lists of bodies) {
    const body = bodyOf(lists.map((list) => ({ data, points: list })))
    expect(reader.read(body)).toEqual(other.read(body))
  }
})

test('tells bounds of two series apart, where those of the one were expected', () => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const points = usual(40, USUAL.histogram)
  for (const odd of [0, 0, 3, 3, 0, 1, 2]) {
    const moved = points.map((point, i) => (i % 3 === 0 ? { ...point, bounds: odd } : point))
    const body = bodyOf([{ data: 'histogram', points: moved }])
    expect(reader.read(body)).toEqual(other.read(body))
  }
})

test.each(['ASTCVKB', 'STCVKBAmM', 'STCVmMKBA', 'TCKBA'])('takes histograms of the form %s', (form) => {
  const reader = new Reader(true)
  const points = usual(20, form)
  for (let round = 0; round < 2; round++) reader.read(bodyOf([{ data: 'histogram', points }]))
  const bytes = pointsOf('histogram', points)
  expect(reader.catalogue.kernel!.lay(bytes, 0, bytes.length)).toBe(true)
  expect(take(reader, 'histogram', 0)).toEqual([bytes.length, 20])
})

test.each(HISTOGRAM_FORMS)('sees the same of a histogram of the form %s among those that it knows', (form) => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const points = usual(40, USUAL.histogram)
  const bodies = [points, points, points.with(20, { ...points[20]!, form }), points]
  for (const list of bodies) {
    const body = bodyOf([{ data: 'histogram', points: list }])
    expect(reader.read(body)).toEqual(other.read(body))
  }
})

test('takes counts of any size', () => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const sizes = [0n, 1n, 2n ** 32n, 2n ** 52n - 1n, 2n ** 52n, 2n ** 53n + 1n, 2n ** 63n + 1025n, 2n ** 64n - 1n]
  for (const bits of sizes) {
    const points = usual(12, USUAL.histogram).map((point, i) => ({ ...point, bits, bounds: i % 2 === 0 ? 0 : 4 }))
    const body = bodyOf([{ data: 'histogram', points }])
    for (let round = 0; round < 3; round++) expect(reader.read(body)).toEqual(other.read(body))
  }
})

test.each(KINDS)('takes more points of a %s than its columns have room for', (data) => {
  const [reader, other] = [new Reader(true), new Reader(false)]
  const form = data === 'histogram' ? 'STCKB' : 'STV'
  const many = Array.from({ length: 9000 }, () => ({ ...usual(1, form)[0]!, bounds: 1, more: -1 }))
  const body = bodyOf([{ data, points: many }])
  for (let round = 0; round < 3; round++) {
    const read = reader.read(body)
    expect(read).toHaveProperty('seen')
    expect(read).toEqual(other.read(body))
  }
})

test.each(KINDS)('counts what it takes of a %s', (data) => {
  const body = bodyOf([{ data, points: usual(60, USUAL[data]) }])
  const reader = new Reader(true, 62)
  for (let round = 0; round < 3; round++) expect(reader.read(body)).toContain('62 objects')
})

test.each(KINDS)('does not take what was laid before for the end of a point of a %s', (data) => {
  const reader = new Reader(true)
  const bytes = pointsOf(data, usual(20, USUAL[data]))
  for (let round = 0; round < 2; round++) reader.read(bodyOf([{ data, points: usual(20, USUAL[data]) }]))
  const kernel = reader.catalogue.kernel!
  expect(kernel.lay(bytes, 0, bytes.length)).toBe(true)
  expect(kernel.lay(bytes, 0, bytes.length - 1)).toBe(true)
  expect(take(reader, data, 0)[1]).toBe(19)
})

test('learns anew when all is forgotten', () => {
  const reader = new Reader(true)
  const body = bodyOf([
    { data: 'sum', points: usual(60, 'STVA') },
    { data: 'gauge', points: usual(60, 'ASTV') },
    { data: 'histogram', points: usual(60, USUAL.histogram) },
  ])
  const first = reader.read(body)
  const known = reader.read(body)
  reader.catalogue.clear()
  expect(reader.read(body)).toEqual(first)
  expect(reader.read(body)).toEqual(known)
})

test('leaves all to others once there is no memory for keys, and what was kept stays', () => {
  const kernel = PointKernel.begin(60)!
  const tables = [new AliasTable(1, kernel.points), new AliasTable(1, kernel.rows)]
  const bytes = Buffer.alloc(2 ** 15)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const body = new Uint8Array(1000)
  const laid: boolean[] = []
  for (let i = 0; i < 200; i++) {
    view.setInt32(100, i)
    for (const table of tables) expect(table.add(view, 0, bytes.length, i % 3)).toBe(i)
    laid.push(kernel.lay(body, 0, body.length))
  }
  expect([laid[0], laid.at(-1)]).toEqual([true, false])
  for (let i = 0; i < 200; i++) {
    view.setInt32(100, i)
    for (const table of tables) expect(table.find(view, 0, bytes.length, i % 3)).toBe(i)
  }
  kernel.clear()
  const again = new AliasTable(1, kernel.points)
  expect(again.add(view, 0, bytes.length, 0)).toBe(0)
  expect(kernel.lay(body, 0, body.length)).toBe(true)
})
