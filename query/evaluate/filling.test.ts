import fc from 'fast-check'
import { expect, test } from 'vitest'

import { runScript } from '../test-script.ts'

const LOAD = `load 1m
  many{g="1",k="1"} 1 2 3
  many{g="1",k="2"} 4 5 6
  many{g="2",k="1"} 7 _ 9
  one{g="1",v="p"} 10 10 10
  one{g="3",v="r"} 20 20 20
  a{x="1"} 1 2
  a{x="2"} 3 stale 5
  b{x="2"} 10 20 30
  b{x="3"} 5 5 5

`

async function reasons(script: string): Promise<string[]> {
  return (await runScript(LOAD + script)).map(({ reason }) => reason)
}

test('what a side does not have at a step is filled in, under the labels that match', async () => {
  const script = `eval range from 0 to 2m step 1m a + fill(100) b
  {x="1"} 101 102 102
  {x="2"} 13 120 35
  {x="3"} 105 105 105

eval instant at 1m a - fill_right(1) b
  {x="1"} 1

eval instant at 1m a - fill_left(1) b
  {x="2"} -19
  {x="3"} -4

eval instant at 1m a - fill_left(1) fill_right(2) b
  {x="1"} 0
  {x="2"} -19
  {x="3"} -4
`
  expect(await reasons(script)).toEqual(['', '', '', ''])
})

test('a comparison keeps the left element, and the value that stands for one', async () => {
  const script = `eval instant at 0 a < fill_left(7) b
  a{x="2"} 3

eval instant at 0 a > fill(7) b
  {x="3"} 7

eval instant at 0 a == bool fill(5) b
  {x="1"} 0
  {x="2"} 0
  {x="3"} 1
`
  expect(await reasons(script)).toEqual(['', '', ''])
})

test('the left value stands for the many side, whichever it is', async () => {
  const script = `eval instant at 0 many + on(g) group_left(v) fill_left(1) fill_right(2) one
  {g="1",k="1",v="p"} 11
  {g="1",k="2",v="p"} 14
  {g="2",k="1"} 9
  {g="3",v="r"} 21

eval instant at 0 one + on(g) group_right(v) fill_left(1) fill_right(2) many
  {g="1",k="1",v="p"} 11
  {g="1",k="2",v="p"} 14
  {g="2",k="1"} 9
  {g="3",v="r"} 21
`
  expect(await reasons(script)).toEqual(['', ''])
})

test('elements that match more than once are refused, also where the other side is empty', async () => {
  const script = `eval instant at 0 many + on(g) fill(0) nothing
  expect fail msg: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)

eval instant at 0 nothing + on(g) fill_left(0) many
  expect fail regex: found duplicate series for the match group \\{g="1"\\} on the right hand-side of the operation: .*

eval instant at 0 nothing + on(g) many
`
  expect(await reasons(script)).toEqual(['', '', ''])
})

const VALUES = fc.array(fc.constantFrom('_', '1', '2', '3'), { minLength: 4, maxLength: 4 })

test('fill is the union of each side with the other one at the value', async () => {
  const sides = fc.record({ a1: VALUES, a2: VALUES, b1: VALUES, b2: VALUES, b3: VALUES })
  const property = fc.asyncProperty(sides, async ({ a1, a2, b1, b2, b3 }) => {
    const lines = [
      `a{x="1"} ${a1.join(' ')}`,
      `a{x="2"} ${a2.join(' ')}`,
      `b{x="1"} ${b1.join(' ')}`,
      `b{x="2"} ${b2.join(' ')}`,
      `b{x="3"} ${b3.join(' ')}`,
    ]
    const difference = '(a - fill(4) b) - ((a or b * 0 + 4) - (b or a * 0 + 4))'
    const script = `load 5m\n  ${lines.join('\n  ')}\n\neval range from 0 to 20m step 5m (${difference}) != 0\n`
    const missing = '(a - fill(4) b) unless (a or b) or (a or b) unless (a - fill(4) b)'
    const other = `\neval range from 0 to 20m step 5m ${missing}\n`
    const outcomes = await runScript(script + other)
    expect(outcomes.map(({ reason }) => reason)).toEqual(['', ''])
  })
  await fc.assert(property, { numRuns: 50 })
})
