import { expect, test } from 'vitest'

import { runScript } from '../test-script.ts'

const LOAD = `load 1m
  target_info{instance="a",job="j",version="1"} 1 1 stale
  target_info{instance="a",job="j",version="2"} _ _ 1
  target_info{instance="b",job="j",version="1",x="other"} 1 1 1
  build_info{instance="a",job="j",rev="abc",version="9"} 1 1 1
  twin_info{instance="a",job="j",rev="1"} 1 1 1
  twin_info{instance="a",job="j",rev="2"} 1 1 1
  m{instance="a",job="j",x="own"} 1 2 3
  m{instance="b",job="j",x="own"} 4 5 6
  m{instance="c",job="j",x="own"} 7 8 9

`

async function reasons(script: string): Promise<string[]> {
  return (await runScript(LOAD + script)).map(({ reason }) => reason)
}

test('series get the data labels of target_info with the same instance and job, their own stay', async () => {
  const script = `eval instant at 0 info(m)
  m{instance="a",job="j",version="1",x="own"} 1
  m{instance="b",job="j",version="1",x="own"} 4
  m{instance="c",job="j",x="own"} 7
`
  expect(await reasons(script)).toEqual([''])
})

test('where the info changes a series goes on under other labels', async () => {
  const script = `eval range from 0 to 2m step 1m info(rate(m{instance="a"}[2m]) * 0 + 1)
  {instance="a",job="j",version="1",x="own"} _ 1 _
  {instance="a",job="j",version="2",x="own"} _ _ 1
`
  expect(await reasons(script)).toEqual([''])
})

test('a label selector names the labels to take, and leaves out series without them', async () => {
  const script = `eval instant at 0 info(m, {version=~".+"})
  m{instance="a",job="j",version="1",x="own"} 1
  m{instance="b",job="j",version="1",x="own"} 4

eval instant at 0 info(m{instance="c"}, {version=~".*"})
  m{instance="c",job="j",x="own"} 7

eval instant at 0 info(m{instance="a"}, {__name__="build_info", rev=~".+"})
  m{instance="a",job="j",rev="abc",x="own"} 1

eval instant at 0 info(m, {version="7"})
`
  expect(await reasons(script)).toEqual(['', '', '', ''])
})

test('what two info series say differently is refused', async () => {
  const script = `eval instant at 0 info(m, {__name__=~"(build|target)_info"})
  expect fail msg: conflicting label: version

eval instant at 0 info(m, {__name__="twin_info"})
  expect fail msg: found duplicate series for info metric: existing {__name__="twin_info", instance="a", job="j", rev="1"} @ 0, new {__name__="twin_info", instance="a", job="j", rev="2"} @ 0
`
  expect(await reasons(script)).toEqual(['', ''])
})

test('info series stay as they are; they are looked up when the series are', async () => {
  const script = `eval instant at 2m info({__name__=~"target_info|m",instance="a"})
  target_info{instance="a",job="j",version="2"} 1
  m{instance="a",job="j",version="2",x="own"} 3

eval instant at 2m info(m{instance="a"} offset 2m)
  m{instance="a",job="j",version="1",x="own"} 1

eval instant at 2m info(m{instance="a"} offset 2m - m{instance="a"})
  {instance="a",job="j",version="2",x="own"} -2
`
  expect(await reasons(script)).toEqual(['', '', ''])
})
