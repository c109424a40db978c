// Whatever becomes of queries, the account of memory returns to nothing.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'
import { Labels } from '#core/series.ts'

import { createQueryEngine } from './index.ts'
import { MemoryReader } from './script/memory-reader.ts'

const reader = new MemoryReader()
for (const job of ['a', 'b', 'c']) {
  const points = Array.from({ length: 40 }, (_, i) => ({ time_ms: i * 15_000, point: i }))
  reader.add(Labels.of({ __name__: 'm', job }), points)
}

const held: (() => number)[] = []
const meter: Meter = {
  ...silentMeter,
  gauge: (name, _, read) => {
    if (name === 'barograph.query.memory') held.push(read as () => number)
  },
}
const engine = createQueryEngine({ readers: [reader], meter, limits: { samples: 20_000, memory: 100_000 } })

const QUERIES = [
  'm',
  'sum by (job) (rate(m[5m]))',
  'm * on (job) m',
  'm * on () m',
  'count_values("v", m)',
  'topk(2, m) or quantile(0.5, m)',
  'max_over_time(sum(m)[10m:15s])',
  'm[100y:1ms]',
  'label_replace(m, "job", "", "", "")',
  Array.from({ length: 200 }, () => 'm').join(' + '),
  'm[',
  'nothing(m)',
]

test('queries that are answered, refused, out of time or abandoned give back all that they held', async () => {
  const ends = new Set<string>()
  const one = fc.record({
    source: fc.constantFrom(...QUERIES),
    step_ms: fc.constantFrom(1000, 15_000, 60_000),
    timeout_ms: fc.constantFrom(0, 60_000),
    leaves: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 6 }), async (queries) => {
      await Promise.all(
        queries.map(async ({ source, step_ms, timeout_ms, leaves }) => {
          const leaving = new AbortController()
          const options = { from_ms: 0, to_ms: 600_000, step_ms, timeout_ms, signal: leaving.signal }
          if (leaves) setImmediate(() => leaving.abort())
          try {
            await engine.range(source, options)
            ends.add('ok')
          } catch (error) {
            if (!(error instanceof ServiceError)) throw error
            ends.add(error.code)
          }
        }),
      )
      expect(held.map((read) => read())).toEqual([0])
    }),
    { numRuns: 300 },
  )
  expect([...ends]).toEqual(expect.arrayContaining(['ok', 'bad_data', 'execution', 'timeout']))
})
