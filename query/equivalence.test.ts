// Random expressions over random data: nothing but a ServiceError is thrown, and a range query is its instants.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { QueryResult } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { createQueryEngine } from './index.ts'
import { MemoryReader } from './script/memory-reader.ts'

const STEP = 30_000

const point = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 20 }) },
  { weight: 2, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constant('stale' as const) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, 0.5) },
)
const data = fc.array(fc.array(point, { maxLength: 12 }), { minLength: 4, maxLength: 4 })
const SETS = [
  { __name__: 'a_total', x: '1', y: '1' },
  { __name__: 'a_total', x: '1', y: '2' },
  { __name__: 'a_total', x: '2', y: '1' },
  { __name__: 'b', x: '1', le: '+Inf' },
]

const { vector: expression } = fc.letrec<{ vector: string; range: string; scalar: string }>((tie) => ({
  vector: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom('a_total', 'b', 'a_total{x="1"}', '{x=~".+"}', 'b offset 1m', 'a_total @ 120', 'b @ end()'),
    tie('range').map((range) => `rate(${range})`),
    fc
      .tuple(
        fc.constantFrom('sum_over_time', 'avg_over_time', 'last_over_time', 'delta', 'changes', 'deriv'),
        tie('range'),
      )
      .map(([name, range]) => `${name}(${range})`),
    fc
      .tuple(fc.constantFrom('sum', 'max by (x)', 'avg without (y)', 'topk by (x) (1,', 'quantile(0.5,'), tie('vector'))
      .map(([op, vector]) => (op.endsWith(',') ? `${op} ${vector})` : `${op} (${vector})`)),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '/', '> bool', '==', 'and', 'or', 'unless', '* on (x) group_left ()', '- ignoring (y)'),
        tie('vector'),
      )
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    fc.tuple(tie('vector'), fc.constantFrom('>', '*', '!='), tie('scalar')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('vector').map((vector) => `-${vector}`),
    tie('vector').map((vector) => `absent(${vector})`),
    tie('vector').map((vector) => `label_replace(${vector}, "z", "$1", "y", "(.)")`),
    tie('vector').map((vector) => `clamp(timestamp(${vector}), 10, 100)`),
  ),
  range: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.constantFrom('a_total[2m]', 'b[90s]', '{x="1"}[3m] offset 30s', 'a_total[2m] @ 150'),
    tie('vector').map((vector) => `(${vector})[3m:1m]`),
  ),
  scalar: fc.oneof(
    { maxDepth: 1 },
    fc.constantFrom('1', '2.5', 'NaN', 'time()'),
    tie('vector').map((v) => `scalar(${v})`),
  ),
}))

function readerOf(rows: readonly (readonly (number | 'none' | 'stale')[])[]): MemoryReader {
  const memory = new MemoryReader()
  for (const [i, row] of rows.entries()) {
    memory.add(
      Labels.of(SETS[i]!),
      row.map((one, at) => ({ time_ms: at * STEP, point: one })),
    )
  }
  return memory
}

/** `labels time value` of every point. */
function pointsOf(result: QueryResult): string[] {
  if (result.type !== 'vector' && result.type !== 'matrix') throw new Error(result.type)
  return result.series.flatMap(({ labels, time_ms, value }) =>
    Array.from(time_ms, (time, i) => `${labels.key} ${time} ${value[i]!}`),
  )
}

async function outcome(run: Promise<QueryResult>): Promise<string[] | ServiceError> {
  try {
    return pointsOf(await run)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

test('a range query is the instant queries at its steps', async () => {
  await fc.assert(
    fc.asyncProperty(data, expression, async (rows, expr) => {
      const queries = createQueryEngine({ readers: [readerOf(rows)] })
      // `end()` of an instant query is its time.
      const text = expr.replaceAll('end()', '300')
      const times = [0, 1, 2, 3, 4, 5, 6].map((i) => i * 60_000)
      const range = await outcome(queries.range(text, { from_ms: 0, to_ms: times.at(-1)!, step_ms: 60_000 }))
      const instants = await Promise.all(times.map((time_ms) => outcome(queries.instant(text, time_ms))))
      const refused = instants.filter((one) => one instanceof ServiceError)
      // What is wrong at one step is wrong for the whole range, and the other way round.
      expect(refused.length > 0).toBe(range instanceof ServiceError)
      expect(refused.filter(({ code }) => code !== 'execution')).toEqual([])
      const wanted = range instanceof ServiceError ? [] : instants.flatMap((one) => one as string[])
      expect(wanted.toSorted()).toEqual(range instanceof ServiceError ? [] : range.toSorted())
    }),
    { numRuns: 250 },
  )
})

test('the canonical form means the same', async () => {
  await fc.assert(
    fc.asyncProperty(data, expression, async (rows, expr) => {
      const queries = createQueryEngine({ readers: [readerOf(rows)] })
      const canonical = queries.format(expr)
      expect(queries.format(canonical)).toBe(canonical)
      expect(await outcome(queries.instant(canonical, 240_000))).toEqual(await outcome(queries.instant(expr, 240_000)))
    }),
    { numRuns: 100 },
  )
})
