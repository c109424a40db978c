import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { metrics } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'

import { startTelemetry, type Telemetry } from './telemetry.ts'

let server: Server | undefined
let telemetry: Telemetry | undefined

afterEach(async () => {
  await telemetry?.stop()
  metrics.disable()
  server?.closeAllConnections()
  server?.close()
})

/** A receiver that takes everything, and how many exports of metrics it was sent. */
async function receiver(): Promise<{ url: string; exports: () => number }> {
  let exports = 0
  server = createServer((request, response) => {
    if (request.url === '/v1/metrics') exports++
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, exports: () => exports }
}

test('tells of a counter what it counted, however many ask while it is being read', async () => {
  const { url, exports } = await receiver()
  telemetry = await startTelemetry({ version: '0', host: 'here', self: { url, interval_ms: 20 } })
  const exposition = (): Promise<string> => telemetry!.exposition()
  // As those of the host: looked at first, told after something else, now sooner, now later.
  let counted = 1000
  metrics
    .getMeter('host')
    .createObservableCounter('looked')
    .addCallback(async (result) => {
      const seen = counted++
      await new Promise((resolve) => setTimeout(resolve, seen % 2 === 0 ? 15 : 1))
      result.observe(seen)
    })
  const told: number[] = []
  while (exports() < 8) {
    const pages = await Promise.all([exposition(), exposition()])
    for (const page of pages) told.push(Number(/^looked_total\S* (\d+)/m.exec(page)?.[1]))
  }
  expect(told).toEqual(told.toSorted((a, b) => a - b))
  expect(told.at(-1)).toBeLessThan(counted)
})

test('keeps so many sums of a counter apart, and none of the others is lost', async () => {
  telemetry = await startTelemetry({ version: '0', host: 'here', self: null })
  const counter = telemetry.meter.counter('barograph.tests.many', { description: 'Many' })
  for (let i = 0; i < 5000; i++) counter.add(2, { kind: String(i) })
  counter.add(1, { kind: '7' })
  const lines = (await telemetry.exposition())
    .split('\n')
    .filter((line) => line.startsWith('barograph_tests_many_total{'))
  expect(lines).toHaveLength(2000)
  expect(lines.filter((line) => line.includes('kind="7"')).map((line) => line.split(' ')[1])).toEqual(['3'])
  expect(lines.filter((line) => line.includes('overflow="true"')).map((line) => line.split(' ')[1])).toEqual(['6002'])
})

test('tells of a histogram how much lies below each bound, each set of attributes by itself', async () => {
  telemetry = await startTelemetry({ version: '0', host: 'here', self: null })
  const options = { description: 'Time', unit: 's', bounds: [0.1, 1] }
  const histogram = telemetry.meter.histogram('barograph.tests.time', options)
  expect(await telemetry.exposition()).not.toContain('barograph_tests_time')
  for (const value of [0.05, 0.1, 0.5, 2]) histogram.record(value, { kind: 'a' })
  telemetry.meter.histogram('barograph.tests.time', options).record(3, Object.freeze({ kind: 'b' }))
  const told = async (): Promise<string[]> => {
    const page = await telemetry!.exposition()
    return page
      .split('\n')
      .flatMap((line) => /^barograph_tests_time_seconds_(.*),otel_scope.*\} (.*)$/.exec(line)?.slice(1).join(' ') ?? [])
  }
  const first = [
    'count{kind="a" 4',
    'sum{kind="a" 2.65',
    'bucket{kind="a" 2',
    'bucket{kind="a" 3',
    'bucket{kind="a" 4',
    'count{kind="b" 1',
    'sum{kind="b" 3',
    'bucket{kind="b" 0',
    'bucket{kind="b" 0',
    'bucket{kind="b" 1',
  ]
  expect(await told()).toEqual(first)
  histogram.record(0, { kind: 'a' })
  expect((await told()).slice(0, 3)).toEqual(['count{kind="a" 5', 'sum{kind="a" 2.65', 'bucket{kind="a" 3'])
})
