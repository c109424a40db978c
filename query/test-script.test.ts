import { expect, test } from 'vitest'

import { runScript } from './test-script.ts'

const statuses = async (script: string): Promise<string[]> =>
  (await runScript(script)).map(({ status, reason }) => (reason === '' ? status : `${status}: ${reason}`))

test('a script loads series and checks what expressions give', async () => {
  const script = `
# a comment
load 1m
  m{a="1"} 0+1x4 stale
  m{a="2"} 5 _x2 7

eval instant at 3m m
  m{a="1"} 3
  m{a="2"} 7

eval range from 0 to 4m step 2m sum(m)
  {} 5 7 11

eval instant at 1m 1 + 1
  2

eval instant at 1m ("a")
  expect string "a"

clear

eval instant at 3m m
`
  expect(await statuses(script)).toEqual(['passed', 'passed', 'passed', 'passed', 'passed'])
})

test('what is not as expected fails, and says how', async () => {
  const load = 'load 1m\n  m{a="1"} 1 2\n  n {{count:1 buckets:[1]}}\n\n'
  const failing = async (command: string): Promise<string> => (await statuses(load + command))[0]!
  expect(await failing('eval instant at 1m m\n  m{a="1"} 3')).toContain('failed: m{a="1"}: expected 3')
  expect(await failing('eval instant at 1m m\n  m{a="2"} 2')).toContain('failed: expected m{a="2"}')
  expect(await failing('eval instant at 1m m')).toContain('expected 0 series, got 1')
  expect(await failing('eval instant at 1m m\n  expect fail')).toBe('failed: did not fail')
  expect(await failing('eval instant at 1m m +')).toContain('parse error')
  expect(await failing('eval instant at 1m m +\n  expect fail msg: other')).toContain('failed otherwise')
  expect(await failing('eval instant at 1m rate(m[2m])\n  expect no_info\n  {a="1"} 0.0166666666')).toContain(
    'expected no info',
  )
  expect(await failing('eval instant at 1m m\n  expect warn\n  m{a="1"} 2')).toContain('expected warn, got none')
  expect(await failing('eval instant at 1m 1\n  2')).toContain('expected 2, got 1')
  expect(await failing('eval instant at 0 n\n  n {{count:1 buckets:[2]}}')).toContain('expected {count:1, sum:0')
  expect(await failing('eval instant at 0 n\n  n {{count:1 buckets:[1] counter_reset_hint:gauge}}')).toContain('got')
  expect(await failing('eval instant at 0 n\n  n 1')).toContain('expected 1@0')
})

test('a line that is no command is an error of the script', async () => {
  await expect(runScript('evaluate this')).rejects.toThrow('line 1: not a command')
})
