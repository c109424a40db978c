import fc from 'fast-check'
import { expect, test } from 'vitest'

import { runScript } from '../test-script.ts'

const LOAD = `load 1m
  c_total 0 60 120 30 90
  g 10 _ _ 40 stale
  h {{count:1 buckets:[1]}} {{count:2 buckets:[2]}}

`

async function reasons(script: string): Promise<string[]> {
  return (await runScript(LOAD + script)).map(({ reason }) => reason)
}

test('an anchored increase is from the last value before the window to the last inside, not extrapolated', async () => {
  const script = `eval instant at 2m30s increase(c_total[1m] anchored)
  {} 60

eval instant at 2m30s rate(c_total[1m] anchored)
  {} 1

eval instant at 3m30s increase(c_total[3m] anchored)
  {} 150

eval instant at 4m resets(c_total[4m] anchored)
  {} 1

eval instant at 4m changes(c_total[90s] anchored)
  {} 2
`
  expect(await reasons(script)).toEqual(['', '', '', '', ''])
})

test('a smoothed one is between the values on the line at both ends, resets included', async () => {
  const script = `eval instant at 1m30s increase(c_total[1m] smoothed)
  {} 60

eval instant at 1m30s delta(c_total[30s] smoothed)
  {} 30

eval instant at 2m45s increase(c_total[30s] smoothed)
  {} 15

eval instant at 3m30s increase(c_total[1m] smoothed)
  {} 45
`
  expect(await reasons(script)).toEqual(['', '', '', ''])
})

test('a smoothed selector gives the value on the line to the next sample, as far as samples are looked for', async () => {
  const script = `eval range from 0 to 4m step 30s g smoothed
  g 10 15 20 25 30 35 40 40 40

eval instant at 1m g anchored
  g 10

eval instant at 8m g smoothed

eval instant at 3m30s g
  g 40
`
  expect(await reasons(script)).toEqual(['', '', '', ''])
})

test('what such a range vector is not made for is refused', async () => {
  const script = `eval instant at 1m sum_over_time(g[5m] anchored)
  expect fail msg: anchored modifier can only be used with: changes, delta, increase, rate, resets - not with sum_over_time

eval instant at 1m changes(g[5m] smoothed)
  expect fail msg: smoothed modifier can only be used with: delta, increase, rate - not with changes

eval instant at 1m h smoothed
  expect fail msg: smoothed and anchored modifiers do not work with native histograms
`
  expect(await reasons(script)).toEqual(['', '', ''])
})

test('increases of neighbouring windows add up to that of both, which extrapolated ones do not', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 })
  const property = fc.asyncProperty(steps, fc.constantFrom('anchored', 'smoothed'), async (increments, kind) => {
    let sum = 0
    const values = increments.map((one) => (sum += one))
    const parts = `increase(c_total[2m] ${kind}) + increase(c_total[2m] ${kind} offset 2m)`
    const script = `load 45s\n  c_total ${values.join(' ')}\n\neval range from 4m30s to 8m step 37s abs(${parts} - increase(c_total[4m] ${kind})) > 1e-9\n`
    expect((await runScript(script)).map(({ reason }) => reason)).toEqual([''])
  })
  await fc.assert(property, { numRuns: 50 })
})
