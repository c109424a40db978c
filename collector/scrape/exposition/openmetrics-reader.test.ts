import { describe, expect, test } from 'vitest'

import { reading } from '../testing/reading.fixture.ts'
import { BROKEN, type Case, FORBIDDEN, GOOD } from './openmetrics-corpus.fixture.ts'

const page = ([, ...lines]: Case): string => [...lines, '# EOF', ''].join('\n')

describe('OpenMetrics', () => {
  test.each(GOOD.map((one) => [one[0], one] as const))('is read: %s', (_, one) => {
    const { read, broken } = reading('openmetrics', true)
    const first = read(page(one))
    // The second time every line is known.
    expect(read(page(one))).toEqual(first)
    expect(broken).toEqual([])
  })

  test.each(BROKEN.map((one) => [one[0], one] as const))('is refused as a whole: %s', (_, one) => {
    const { read, broken } = reading('openmetrics')
    expect(() => read(page(one))).toThrow(/^line \d+: /)
    expect(broken).toEqual([])
  })

  test.each(FORBIDDEN.map((one) => [one[0], one] as const))('breaks a rule, each time: %s', (_, one) => {
    const { read, broken } = reading('openmetrics')
    read(page(one))
    const first = [...broken]
    expect(first).not.toEqual([])
    read(page(one))
    expect(broken.slice(first.length)).toEqual(first)
    expect(() => reading('openmetrics', true).read(page(one))).toThrow(/^line \d+: /)
  })

  test.each(['', 'a 1\n', 'a 1\n# EOF\nblah', 'a 1\n# EOFblah', 'a 1\n# EOF\n# EOF\n', 'a 1\n# EOF\n\n'])(
    'ends with # EOF and nothing behind: %j',
    (text) => {
      expect(() => reading('openmetrics').read(text)).toThrow(/./)
    },
  )

  test('may lack the last line feed', () => {
    expect(reading('openmetrics').read('a 1\n# EOF')).toHaveLength(1)
  })

  test('gives values, times in milliseconds, exemplars, and what metadata say', () => {
    const text = `# TYPE a_seconds histogram
# UNIT a_seconds seconds
# HELP a_seconds it \\"is\\"\\n\\\\n
a_seconds_bucket{b="x\\n\\"",le="1"} 2 1520879607.789 # {trace_id="t"} 0.5 1520879607.1
a_seconds_bucket{b="x\\n\\"",le="+Inf"} 2 1520879607.789
# EOF
`
    const [first] = reading('openmetrics').read(text)
    expect(first).toEqual({
      name: 'a_seconds_bucket',
      labels: { b: 'x\n"', le: '1' },
      value: 2,
      time_ms: 1_520_879_607_789,
      type: 'histogram',
      help: 'it "is"\n\\n',
      unit: 'seconds',
      exemplar: { pairs: [['trace_id', 't']], value: 0.5, time_ms: 1_520_879_607_100 },
    })
  })
})
