import { expect, test } from 'vitest'

import type { Expr } from './language/ast.ts'
import { ParsedQueries } from './parsed.ts'

const STEPS = { step_ms: 15_000, range_ms: 0 }

function counted() {
  const asked: string[] = []
  const parsed = new ParsedQueries((source, { step_ms }) => {
    if (source === 'no') throw new Error(source)
    asked.push(`${source} ${step_ms}`)
    return { kind: 'string', value: source } as Expr
  })
  return { asked, parsed }
}

test('an expression is parsed once for steps of one length', () => {
  const { asked, parsed } = counted()
  expect(parsed.get('a', STEPS)).toBe(parsed.get('a', STEPS))
  parsed.get('a', { step_ms: 60_000, range_ms: 0 })
  expect(asked).toEqual(['a 15000', 'a 60000'])
})

test('what is no expression is said each time', () => {
  const { parsed } = counted()
  for (let i = 0; i < 2; i++) expect(() => parsed.get('no', STEPS)).toThrow('no')
})

test('the one unused for longest goes first, when they are too many or too long', () => {
  const { asked, parsed } = counted()
  for (let i = 0; i < 4096; i++) parsed.get(String(i), STEPS)
  parsed.get('0', STEPS)
  parsed.get('more', STEPS)
  expect(asked).toHaveLength(4097)
  parsed.get('0', STEPS)
  expect(asked).toHaveLength(4097)
  parsed.get('1', STEPS)
  expect(asked).toHaveLength(4098)
  parsed.get('x'.repeat(2 ** 20), STEPS)
  parsed.get('0', STEPS)
  expect(asked).toHaveLength(4100)
})
