// The series table against a model that looks at every series: whatever comes, ends and goes, both know and find the same.
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'

import type { Matcher } from '../ports/series-reader.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { atOnce } from '../steps.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { IN_FLIGHT } from './ended-series.ts'
import { STORE_LIMITS } from './limits.ts'
import { Matching } from './matching.ts'
import { SeriesTable } from './series-table.ts'

const SKIP = 'le'
const NAMES = ['job', 'le', 'zone', 'ü', 'Z']
const VALUES = ['a', 'b', 'ab', 'abc', 'a.c', 'x\ny', '中文', '😀', '\uD83D', '\uDE00']
const METRICS = ['x', 'x_bucket', 'x_sum', 'y', '']
const EXPRESSIONS = [
  'a|b',
  'a|',
  'ab.*',
  '.*c',
  'a.c',
  'a\\.c',
  '.+',
  '.*',
  'a.+c',
  '[ab]+',
  'x_.*',
  'x|y',
  '(?i)A',
  '',
]

interface Known {
  readonly definition: SeriesDefinition
  active: boolean
}

const shapes: Record<SeriesDefinition['kind'], readonly Float64Array[]> = {
  float: [new Float64Array(0)],
  histogram: [Float64Array.of(1), Float64Array.of(0.5, 2)],
  exponential: [Float64Array.of(3, 0, -2, 4, 0, 0)],
  custom: [Float64Array.of(1), Float64Array.of(-1, 0.5)],
}

const anyDefinition = fc
  .record({
    metric: fc.constantFrom(...METRICS),
    labels: fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES), { maxKeys: 4 }),
    kind: fc.constantFrom<SeriesDefinition['kind']>('float', 'float', 'float', 'histogram', 'exponential', 'custom'),
    shape: fc.nat(1),
    help: fc.constantFrom('', 'Help.', 'Hilfe.'),
  })
  .map(({ metric, labels, kind, shape, help }): SeriesDefinition => {
    const bounds = shapes[kind][shape % shapes[kind].length]!
    return { labels: Labels.of({ ...labels, __name__: metric }), type: 'gauge', unit: 's', help, kind, bounds }
  })

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({
    name: fc.constantFrom('__name__', 'absent', ...NAMES),
    op: fc.constantFrom<Matcher['op']>('=', '!='),
    value: fc.constantFrom('', ...METRICS, ...VALUES),
  }),
  fc.record({
    name: fc.constantFrom('__name__', 'absent', ...NAMES),
    op: fc.constantFrom<Matcher['op']>('=~', '!~'),
    value: fc.constantFrom(...EXPRESSIONS),
  }),
)

const anyStep = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('resolve' as const), definition: anyDefinition }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom<'retire' | 'activate' | 'remove'>('retire', 'activate', 'remove'),
      which: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom<'settle' | 'restart'>('settle', 'restart') }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('ask' as const), matchers: fc.array(matcher, { maxLength: 4 }) }),
  },
)
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

function keyOf({ labels, kind, bounds }: SeriesDefinition): string {
  return `${kind}|${bounds.join()}|${labels.key}`
}

/** The names under which a series is found. */
function namesOf({ labels: { name }, kind }: SeriesDefinition): string[] {
  if (kind === 'float') return [name]
  const parts = [`${name}_bucket`, `${name}_sum`, `${name}_count`]
  return kind === 'histogram' ? parts : [name, ...parts]
}

const engines = new Map<string, RE2JS>()

function holds({ op, value }: Matcher, here: string): boolean {
  if (op === '=' || op === '!=') return (here === value) === (op === '=')
  const engine = engines.get(value) ?? RE2JS.compile(value, RE2JS.DOTALL)
  engines.set(value, engine)
  return engine.testExact(here) === (op === '=~')
}

/** What the index answers by itself: not `le`, and not what an empty metric name would match. */
function matches(one: SeriesDefinition, all: readonly Matcher[]): boolean {
  return all.every((asked) => {
    if (asked.name === SKIP) return true
    if (asked.name !== '__name__') return holds(asked, one.labels.get(asked.name))
    return holds(asked, '') || namesOf(one).some((name) => holds(asked, name))
  })
}

function same(seen: unknown, expected: unknown): void {
  expect(seen).toEqual(expected)
}

function isBug(call: () => unknown): void {
  expect(call).toThrow(/^BUG/)
}

/** Table and model, moved together. */
class Pair {
  table = newTable()
  readonly known = new Map<number, Known>()
  readonly byKey = new Map<string, number>()
  /** Ended ones that nobody asked for since, and asked ones. */
  readonly ended = new Map<number, 'quiet' | 'asked'>()
  /** What was written of each version. */
  readonly written = new WeakMap<object, string>()

  take(step: Step): void {
    if (step.do === 'resolve') this.resolve(step.definition)
    else if (step.do === 'ask') this.ask(step.matchers)
    else if (step.do === 'settle') this.#settle()
    else if (step.do === 'restart') this.#restart()
    else if ('which' in step) this.change(step.do, step.which)
    this.#check()
  }

  resolve(definition: SeriesDefinition): void {
    const known = this.byKey.get(keyOf(definition))
    same(this.table.find(definition), known)
    if (known !== undefined) {
      if (this.ended.has(known)) this.ended.set(known, 'asked')
      return
    }
    const id = this.table.add(definition)
    same(id, this.table.length - 1)
    this.known.set(id, { definition, active: true })
    this.byKey.set(keyOf(definition), id)
  }

  change(what: 'retire' | 'activate' | 'remove', which: number): void {
    const ids = [...this.known.keys()]
    if (ids.length === 0) return
    const id = ids[which % ids.length]!
    const one = this.known.get(id)!
    if (what === 'remove') {
      this.table.remove(id)
      this.#forget(id)
    } else if (what === 'retire') {
      this.table.retire(id)
      if (one.active) this.ended.set(id, 'quiet')
      one.active = false
    } else {
      this.table.activate(id)
      this.ended.delete(id)
      one.active = true
    }
  }

  /** As many requests as make those go that ended before. */
  #settle(): void {
    const gone: number[] = []
    for (let i = 0; i <= IN_FLIGHT * 2; i++) gone.push(...Array.from(this.table.settling()).flat())
    const expected = [...this.ended].filter(([, state]) => state === 'quiet').map(([id]) => id)
    same(
      gone.toSorted((a, b) => a - b),
      expected.toSorted((a, b) => a - b),
    )
    for (const id of gone) this.#forget(id)
    for (const id of this.ended.keys()) this.ended.set(id, 'quiet')
  }

  #restart(): void {
    const bytes = saved(this.table)
    this.table = newTable()
    this.table.load(new ByteReader(bytes))
    same(saved(this.table), bytes)
  }

  #forget(id: number): void {
    this.byKey.delete(keyOf(this.known.get(id)!.definition))
    this.known.delete(id)
    this.ended.delete(id)
    same(this.table.has(id), false)
    isBug(() => this.table.definition(id))
  }

  ask(matchers: readonly Matcher[]): void {
    const matching = new Matching()
    const tests = matchers.map((one) => matching.test(one))
    const expected = [...this.known].filter(([, { definition, active }]) => active && matches(definition, matchers))
    same(
      Array.from(atOnce(this.table.index.finding(tests, SKIP))),
      expected.map(([id]) => id),
    )
  }

  #check(): void {
    const active = [...this.known.values()].filter((one) => one.active)
    const writer = new ByteWriter()
    Array.from(this.table.saving(writer))
    const written = Buffer.from(writer.view()).toString('latin1')
    same(written, this.written.get(this.table.version) ?? written)
    this.written.set(this.table.version, written)
    same(this.table.known, this.known.size)
    same(this.table.index.size, active.length)
    for (const [id, { definition, active: isActive }] of this.known) {
      const { labels, ...rest } = this.table.definition(id)
      const { labels: expected, ...others } = definition
      same([...labels], [...expected])
      same(rest, others)
      same(this.table.isActive(id), isActive)
    }
    const names = [...new Set([...this.known.values()].map(({ definition }) => definition.labels.name))]
    same(
      this.table.metadata().map(({ name }) => name),
      names.toSorted(),
    )
  }
}

function newTable(): SeriesTable {
  return new SeriesTable(STORE_LIMITS, { add() {} })
}

function saved(table: SeriesTable): Uint8Array {
  const writer = new ByteWriter()
  Array.from(table.saving(writer))
  table.saveEnded(writer)
  return writer.copy()
}

test('what comes, ends, goes and is asked for is as in the model, restarts included', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair()
      for (const one of steps) pair.take(one)
      // Nothing is left of what is gone.
      for (const id of pair.known.keys()) pair.table.remove(id)
      expect(pair.table.held).toEqual({ pairs: 0, names: 0, bounds: 0, abouts: 0, metrics: 0, block_bytes: 0 })
    }),
    { numRuns: 100, interruptAfterTimeLimit: 20_000 },
  )
})

test('in a table where lists are long, every way of asking finds the same', () => {
  expect.hasAssertions()
  const pair = new Pair()
  for (let i = 0; i < 2000; i++) {
    const labels = {
      __name__: METRICS[i % 4]!,
      job: VALUES[i % 2]!,
      zone: VALUES[(i >> 1) % 10]!,
      ...(i % 3 === 0 && { ü: `${VALUES[i % 7]!}${i % 500}` }),
      instance: `i-${i}`,
    }
    const kind = i % 11 === 0 ? 'histogram' : i % 13 === 0 ? 'exponential' : 'float'
    const of = { labels: Labels.of(labels), type: 'gauge', unit: '', help: '', kind, bounds: shapes[kind][0]! } as const
    pair.resolve(of)
  }
  const ids = Array.from(pair.known.keys())
  for (const id of ids)
    if (id % 5 === 4) pair.change(id % 2 === 0 ? 'retire' : 'remove', Array.from(pair.known.keys()).indexOf(id))
  fc.assert(
    fc.property(fc.array(matcher, { maxLength: 4 }), (matchers) => pair.ask(matchers)),
    { numRuns: 200 },
  )
})

test('bytes that are no snapshot are refused as such', () => {
  const table = newTable()
  for (const name of ['x', 'y']) {
    for (const kind of ['float', 'histogram', 'exponential'] as const) {
      const labels = Labels.of({ __name__: name, job: 'a', zone: kind })
      table.add({ labels, type: 'gauge', unit: '', help: 'Help.', kind, bounds: shapes[kind][0]! })
    }
  }
  const bytes = saved(table)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, length) => {
      const damaged = bytes.slice(0, length)
      damaged[at] = byte
      try {
        const other = newTable()
        other.load(new ByteReader(damaged))
        other.metadata()
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_data' })
      }
    }),
    { numRuns: 800 },
  )
  expect(() => newTable().load(new ByteReader(Uint8Array.of(9)))).toThrow('format 9')
})
