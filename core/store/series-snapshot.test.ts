// What earlier versions wrote must still load. A released golden file never changes: a new format gets a new one.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { Labels, type SeriesDefinition, type SeriesId } from '../series.ts'
import { atOnce } from '../steps.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { IN_FLIGHT } from './ended-series.ts'
import { STORE_LIMITS } from './limits.ts'
import { Matching } from './matching.ts'
import { SeriesTable } from './series-table.ts'

const GOLDEN = join(import.meta.dirname, '../../tests/golden/store')
const FILE = 'series-1'

function newTable(): SeriesTable {
  return new SeriesTable(STORE_LIMITS, { add() {} })
}

const about = { type: 'gauge', unit: 's', help: 'Help.' } as const

const definitions: readonly SeriesDefinition[] = [
  { ...about, labels: Labels.of({ __name__: 'x', job: 'a' }), kind: 'float', bounds: new Float64Array(0) },
  { ...about, labels: Labels.of({ __name__: 'gone', only: 'here' }), kind: 'float', bounds: new Float64Array(0) },
  { ...about, labels: Labels.of({ __name__: 'h', job: '中文' }), kind: 'histogram', bounds: Float64Array.of(0.5, 1) },
  { ...about, labels: Labels.of({ __name__: 'h', job: '\uD83D' }), kind: 'histogram', bounds: Float64Array.of(1) },
  {
    ...about,
    labels: Labels.of({ __name__: 'e', job: 'a' }),
    kind: 'exponential',
    bounds: Float64Array.of(3, 0, -2, 4, 0, 0),
  },
  { labels: Labels.of({ job: 'a' }), type: 'unknown', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) },
]

/** The last but one has ended, another is gone. */
function made(): SeriesTable {
  const table = newTable()
  for (const definition of definitions) table.add(definition)
  table.remove(1)
  table.retire(4)
  Array.from(table.settling())
  return table
}

function saved(table: SeriesTable): Uint8Array {
  const writer = new ByteWriter()
  Array.from(table.saving(writer))
  table.saveEnded(writer)
  return writer.copy()
}

test('series of format 1 load, ids and what has ended included', () => {
  const path = join(GOLDEN, FILE)
  mkdirSync(GOLDEN, { recursive: true })
  if (!existsSync(path)) writeFileSync(path, saved(made()))
  const table = newTable()
  table.load(new ByteReader(readFileSync(path)))
  for (const [id, definition] of definitions.entries()) {
    if (id === 1) expect(table.has(id)).toBe(false)
    else expect(table.definition(id)).toEqual(definition)
    expect(table.find(definition)).toBe(id === 1 ? undefined : id)
  }
  expect([table.length, table.known, table.index.size]).toEqual([6, 5, 4])
  const found = (name: string): SeriesId[] => {
    const asked = new Matching().test({ name: '__name__', op: '=', value: name })
    return Array.from(atOnce(table.index.finding([asked], 'le')))
  }
  expect([found('x'), found('h'), found('h_bucket'), found('e')]).toEqual([[0], [], [2, 3], []])
  expect(table.add({ ...definitions[1]!, help: '' })).toBe(6)
})

test.each([0, IN_FLIGHT + 10])('what has ended goes %d batches later as it would have without a restart', (batches) => {
  const [one, other] = [made(), newTable()]
  for (let i = 0; i < batches; i++) Array.from(one.settling())
  other.load(new ByteReader(saved(one)))
  const goneAfter = (table: SeriesTable): number => {
    for (let i = 1; i <= IN_FLIGHT * 2 + 1; i++) if (Array.from(table.settling()).flat().includes(4)) return i
    return Infinity
  }
  expect(goneAfter(other)).toBe(goneAfter(one))
})

test('what is told of a metric makes another version of the table where it is something else than before', () => {
  const table = made()
  const [version, bytes] = [table.version, saved(table)]
  table.describe('x', about)
  table.describe('nobody', { ...about, help: 'Other.' })
  expect(table.version).toBe(version)
  expect(saved(table)).toEqual(bytes)
  table.describe('x', { ...about, help: 'Other.' })
  expect(table.version).not.toBe(version)
  expect(saved(table)).not.toEqual(bytes)
})
