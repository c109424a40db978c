// A body of many new series holds nobody up: the event loop has its turns before it is answered.
import { afterEach, expect, test } from 'vitest'

import type { SamplesInput } from '#core/ports/intake.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'

import { Barograph } from './barograph.ts'

const RULES = `
groups:
  - name: tests
    interval: 1s
    rules:
      - anomaly: Unusual
        expr: level
`
const SERIES = 12_000

const running: Barograph[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function started(): Promise<Barograph> {
  const barograph = await Barograph.start({ rules: RULES })
  running.push(barograph)
  return barograph
}

const bodyOf = (time_ms: number): object => ({
  resourceMetrics: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeMetrics: [
        {
          scope: { name: 'test' },
          metrics: [
            {
              name: 'level',
              gauge: {
                dataPoints: Array.from({ length: SERIES }, (_, i) => ({
                  attributes: [{ key: 'id', value: { stringValue: String(i) } }],
                  timeUnixNano: `${time_ms}000000`,
                  asDouble: i,
                })),
              },
            },
          ],
        },
      ],
    },
  ],
})

/** Turns of the event loop until `done`. */
async function turnsUntil(done: Promise<unknown>): Promise<number> {
  const seen = { turns: 0, done: false }
  void done.then(() => (seen.done = true))
  while (!seen.done) {
    await new Promise((resolve) => setImmediate(resolve))
    seen.turns++
  }
  return seen.turns
}

const stored = ({ service }: Barograph): number =>
  service.engine.store
    .select([{ name: '__name__', op: '=', value: 'level' }], { from_ms: -Infinity, to_ms: Infinity })
    .reduce((sum, { time_ms }) => sum + time_ms.length, 0)

test('of OTLP: what else comes has its turn, and waits for it', async () => {
  const barograph = await started()
  const { pipeline, engine } = barograph.service
  const body = Buffer.from(JSON.stringify(bodyOf(barograph.now_ms)))
  const order: string[] = []
  const taken = pipeline.submit({ kind: 'otlp', signal: 'metrics', encoding: 'json', body })
  void taken.then(() => order.push('body'))
  void pipeline.between(() => order.push('next'))
  // 10 ms each; it takes a multiple of that on any machine.
  expect(await turnsUntil(taken)).toBeGreaterThan(4)
  await pipeline.idle()
  expect(order).toEqual(['body', 'next'])
  expect(stored(barograph)).toBe(SERIES)
  expect(engine.detectors.scores.newest(2 * SERIES)).toHaveLength(SERIES)
})

test('of anything else too', async () => {
  const barograph = await started()
  const input: SamplesInput = {
    kind: 'samples',
    source: 'test',
    *decode(writer) {
      const builder = new SampleBuilder()
      const about = { type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) } as const
      for (let i = 0; i < SERIES; i++) {
        const labels = Labels.of({ __name__: 'level', id: String(i) })
        builder.float(writer.resolve({ ...about, labels }), barograph.now_ms, i)
        if (i % 100 === 0) yield
      }
      return { samples: builder.batch(), logs: [], spans: [], rejected: 0, message: '' }
    },
  }
  expect(await turnsUntil(barograph.service.pipeline.submit(input))).toBeGreaterThan(4)
  expect(stored(barograph)).toBe(SERIES)
})
