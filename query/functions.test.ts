// The contract of functions and aggregations, for every part on their lists.
import { expect, test } from 'vitest'

import * as aggregationFamilies from './aggregations.ts'
import * as functionFamilies from './functions.ts'
import { createQueryEngine } from './index.ts'
import type { ValueType } from './language/ast.ts'
import { isPromqlFunction } from './language/catalogue.ts'
import { MemoryReader } from './script/memory-reader.ts'
import { readSeries } from './script/notation.ts'

const memory = new MemoryReader()
for (const line of ['m_total{le="1"} 1 2 3 _ 1 2', 'm_total{le="+Inf"} 1 NaN Inf stale -Inf 2', 'm_total{le="x"} 5']) {
  const { labels, points } = readSeries(line)
  memory.add(
    labels,
    points.map((point, i) => ({ time_ms: i * 60_000, point })),
  )
}
const full = createQueryEngine({ readers: [memory] })
const empty = createQueryEngine({ readers: [] })
const SAMPLE: Readonly<Record<ValueType, string>> = {
  vector: 'm_total',
  matrix: 'm_total[3m]',
  scalar: '0.5',
  string: '"le"',
}
const range = { from_ms: 0, to_ms: 600_000, step_ms: 30_000 }

for (const part of Object.values(functionFamilies).flat()) {
  const samples = part.args.map((type) => SAMPLE[type])
  const whole = part.infoLabels === true ? [...samples.slice(0, -1), '{a!="b"}'] : samples
  const expr = `${part.name}(${whole.join(', ')})`

  test(`${part.name} is a function of PromQL and gives what it says`, async () => {
    expect(isPromqlFunction(part.name)).toBe(true)
    expect(full.inspect(expr).type).toBe(part.returns)
    const outcome = await full.range(expr, range).catch((error: unknown) => error)
    expect(outcome).toSatisfy(answers)
    expect(await empty.range(expr, range)).toMatchObject({ type: 'matrix' })
  })

  test(`${part.name} can leave out what is optional, and nothing else`, () => {
    const least = part.args.length - (part.optional === Infinity ? 1 : (part.optional ?? 0))
    const args = part.args.slice(0, least).map((type) => SAMPLE[type])
    expect(full.inspect(`${part.name}(${args.join(', ')})`).type).toBe(part.returns)
    const tooMany = [...part.args, ...part.args, 'scalar' as const].map((type) => SAMPLE[type])
    expect(() => full.inspect(`${part.name}(${tooMany.join(', ')})`)).toThrow(/parse error/)
  })
}

for (const part of Object.values(aggregationFamilies).flat()) {
  const parameter = part.parameter === undefined ? '' : `${SAMPLE[part.parameter]}, `

  test(`${part.name} aggregates all, by labels, without labels, and nothing`, async () => {
    for (const grouping of ['', 'by (le) ', 'without (le) ']) {
      const expr = `${part.name} ${grouping}(${parameter}m_total)`
      expect(await full.range(expr, range)).toMatchObject({ type: 'matrix' })
      expect(await empty.range(expr, range)).toMatchObject({ type: 'matrix', series: [] })
    }
  })
}

test('a function is built once', () => {
  const names = [...Object.values(functionFamilies), ...Object.values(aggregationFamilies)]
    .flat()
    .map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

/** A result, or the refusal of label sets that became the same. */
function answers(outcome: unknown): boolean {
  return outcome instanceof Error ? 'code' in outcome && outcome.code === 'execution' : true
}
