import fc from 'fast-check'
import { expect, test } from 'vitest'

import { readHistogram } from '../script/histogram-notation.ts'
import { runScript } from '../test-script.ts'
import type { Histogram } from './histogram.ts'
import { cut } from './trim.ts'

const h = (text: string): Histogram => readHistogram(`{{${text}}}`).histogram

const TWO_SIDED = h('schema:0 sum:10 count:11 z_bucket:2 z_bucket_w:0.5 buckets:[1 2 3] n_buckets:[2 1]')
const CUSTOM = h('schema:-53 sum:30 count:15 custom_values:[-2 1 2 4] buckets:[1 2 4 5 3]')

// Values of Prometheus 3.15.
test.each([
  ['below', 2, 8, Math.SQRT1_2],
  ['below', 3, 9.754_887_502, 5.005_685_717],
  ['above', 3, 1.245_112_498, 4.313_196_215],
  ['below', 0.25, 4.5, -3.015_927_125],
  ['above', -1.5, 10.584_962_5, 9.890_171_895],
  ['below', -Infinity, 0, 0],
  ['above', -Infinity, 11, 10],
  ['above', 100, 0, 0],
] as const)('exponential buckets %s %d hold %d observations', (side, threshold, count, sum) => {
  const left = cut(TWO_SIDED, threshold, side)
  expect(left.count).toBeCloseTo(count, 8)
  expect(left.sum).toBeCloseTo(sum, 8)
})

test.each([
  ['below', 3, 9.5, 9.25],
  ['above', 5, 3, 15],
  ['below', 100, 12, 18],
  ['below', -3, 1, -3],
  ['above', -3, 14, 32],
  ['above', 0, 12.666_666_667, 33.333_333_333],
  ['below', Infinity, 15, 30],
] as const)(
  'listed buckets %s %d hold %d observations; one without an end is not cut',
  (side, threshold, count, sum) => {
    const left = cut(CUSTOM, threshold, side)
    expect(left.count).toBeCloseTo(count, 8)
    expect(left.sum).toBeCloseTo(sum, 8)
  },
)

test('both sides of a threshold together are the whole', () => {
  const finite = fc.double({ min: -5, max: 5, noNaN: true })
  const whole = fc.constantFrom(
    TWO_SIDED,
    h('schema:1 count:6 sum:9 buckets:[1 2 3]'),
    h('count:2 sum:1 z_bucket:2 z_bucket_w:0.5'),
  )
  const property = fc.property(whole, finite, (histogram, threshold) => {
    const [below, above] = [cut(histogram, threshold, 'below'), cut(histogram, threshold, 'above')]
    expect(below.count + above.count).toBeCloseTo(histogram.count, 8)
    expect(below.zeroCount + above.zeroCount).toBeCloseTo(histogram.zeroCount, 8)
  })
  fc.assert(property)
})

test('the operators keep the name, take a float on the right only, and leave floats out with a note', async () => {
  const script = `load 1m
  h {{schema:0 sum:10 count:6 buckets:[1 2 3]}}
  f 5

eval instant at 0 h </ 2
  h {{count:3 sum:3.5355339059327378 buckets:[1 2]}}

eval instant at 0 h >/ on() group_left f
  h {{}}

eval instant at 0 f </ 2
  expect info msg: PromQL info: incompatible sample types encountered for binary operator "</": float </ float (1:1)

eval instant at 0 2 </ h
  expect info msg: PromQL info: incompatible sample types encountered for binary operator "</": float </ histogram (1:1)

eval instant at 0 1 >/ 2
  expect fail msg: operator ">/" not allowed for Scalar operations
`
  expect((await runScript(script)).map(({ reason }) => reason)).toEqual(['', '', '', '', ''])
})
