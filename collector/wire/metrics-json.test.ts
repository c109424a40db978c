import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { atOnce } from '#core/steps.ts'

import { Catalogue } from '../normal/catalogue.ts'
import { messages } from '../testing/messages.fixture.ts'
import { decodeTree, encode } from '../testing/otlp.fixture.ts'
import { unlimited } from './allowance.ts'
import { Unusual } from './json-scanner.ts'
import { parseJson } from './json.ts'
import { scanMetricsJson } from './metrics-json.ts'
import { json, readingMetricsTree } from './metrics-tree.ts'
import { Points } from './points.ts'

const FIXTURES = `${import.meta.dirname}/../../tests/fixtures/otlp-js`

/** What a reader puts into columns, comparable: attributes in place of codes. */
function columnsOf(read: (points: Points, catalogue: Catalogue) => void): unknown {
  const points = new Points()
  read(points, new Catalogue(json))
  const { numbers, histograms } = points
  const attributes = (code: number): unknown => {
    const miss = -1 - code
    const bytes = Buffer.from(
      points.sources[points.missSource[miss]!]!.buffer,
      points.sources[points.missSource[miss]!]!.byteOffset,
    )
    return json.attributes(bytes.subarray(points.missFrom[miss], points.missTo[miss]), 'sum') ?? []
  }
  return {
    numbers: Array.from({ length: numbers.length }, (_, i) => [
      attributes(numbers.code[i]!),
      numbers.time_ms[i],
      numbers.start_ms[i],
      numbers.value[i],
      numbers.state[i],
    ]),
    histograms: Array.from({ length: histograms.length }, (_, i) => [
      attributes(histograms.code[i]!),
      [...histograms.buckets.subarray(histograms.start[i], histograms.start[i + 1])],
      [histograms.time_ms[i], histograms.start_ms[i], histograms.count[i], histograms.sum[i], histograms.state[i]],
    ]),
    blocks: points.blocks,
    rare: [points.summaries.length, points.exponentials.length, points.exemplars.length],
  }
}

const scanned = (text: string): unknown =>
  columnsOf((points, catalogue) => atOnce(scanMetricsJson(Buffer.from(text), points, catalogue, unlimited)))
const parsed = (text: string): unknown =>
  columnsOf((points, catalogue) => atOnce(readingMetricsTree(parseJson(text), points, catalogue)))

test.each(['js-01-metrics.json', 'js-02-metrics.json', 'js-03-metrics.json', 'js-04-metrics.json'])(
  'what an SDK wrote is scanned without a tree, to the same columns: %s',
  (name) => {
    const text = readFileSync(`${FIXTURES}/${name}`, 'utf8')
    expect(scanned(text)).toEqual(parsed(text))
  },
)

test('random requests are scanned to the same columns, or left to the parser', () => {
  let read = 0
  let left = 0
  fc.assert(
    fc.property(messages.metrics, fc.constantFrom(0, 1), (message, space) => {
      const text = JSON.stringify(decodeTree('metrics', encode('metrics', message)), undefined, space)
      try {
        expect(scanned(text)).toEqual(parsed(text))
        read++
      } catch (error) {
        if (!(error instanceof Unusual)) throw error
        left++
      }
    }),
    { numRuns: 500 },
  )
  expect(read).toBeGreaterThan(left / 4)
})

const point = (fields: string): string =>
  `{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[{"name":"x","gauge":{"dataPoints":[{${fields}}]}}]}]}]}`

test.each([
  ['0', 0],
  ['-0', -0],
  ['1.5', 1.5],
  ['"2.25"', 2.25],
  ['1e3', 1000],
  ['1.7976931348623157e308', Number.MAX_VALUE],
  ['5e-324', Number.MIN_VALUE],
  ['0.1234567890123456', 0.123_456_789_012_345_6],
  ['123456789012345678', 123_456_789_012_345_680],
  ['"-9007199254740993"', -9_007_199_254_740_992],
])('reads the number %s as JSON does', (text, value) => {
  const { numbers } = scanned(point(`"asDouble":${text}`)) as { numbers: unknown[][] }
  expect(numbers[0]![3]).toBe(value)
})

test.each(['01', '1.', '.5', '+1', '1e', '--1', 'NaN', 'null', 'true', '"x"', '"1', '1 2'])(
  'leaves the number %s to the parser',
  (text) => {
    expect(() => scanned(point(`"asDouble":${text}`))).toThrow(Unusual)
  },
)

test('cut off or damaged anywhere is scanned or left to the parser, and nothing else', () => {
  const text = readFileSync(`${FIXTURES}/js-02-metrics.json`)
  const outcome = (bytes: Uint8Array): string => {
    try {
      atOnce(scanMetricsJson(bytes, new Points(), new Catalogue(json), unlimited))
      return 'scanned'
    } catch (error) {
      return error instanceof Unusual ? 'left' : (error as { code: string }).code
    }
  }
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.nat(255), (at, byte) => {
      const damaged = Buffer.from(text)
      damaged[at] = byte
      for (const bytes of [damaged, text.subarray(0, at)]) {
        expect(['scanned', 'left', 'bad_data']).toContain(outcome(bytes))
      }
    }),
    { numRuns: 500 },
  )
})
