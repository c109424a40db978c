// Whatever is asked: an answer, or a ServiceError, within what a query may cost. Never a crash, never a hang.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import { createQueryEngine } from './index.ts'
import { MemoryReader } from './script/memory-reader.ts'

const reader = new MemoryReader()
for (const [job, by] of [
  ['a', 1],
  ['b', -2],
  ['c', Number.NaN],
] as const) {
  const points = Array.from({ length: 50 }, (_, i) => ({
    time_ms: i * 15_000,
    point: i % 7 === 3 ? ('stale' as const) : i * by,
  }))
  reader.add(Labels.of({ __name__: 'm', job, le: String(by) }), points)
  reader.add(Labels.of({ __name__: 'n_total', job }), points)
}
const LIMITS = { samples: 200_000, series: 1000, steps: 5000 }
const engine = createQueryEngine({ readers: [reader], limits: LIMITS })
/** CPU time for one expression: the clock goes on while others have the machine. */
const PATIENCE_US = 5_000_000

/** How it ended: 'ok', or the code of the error; what is no ServiceError is thrown on. Takes no longer than it may. */
async function outcome(source: string, range = { from_ms: 0, to_ms: 600_000, step_ms: 60_000 }): Promise<string> {
  const from = process.cpuUsage()
  try {
    await engine.instant(source, 300_000)
    await engine.range(source, range)
    return 'ok'
  } catch (error) {
    if (error instanceof ServiceError) return error.code
    throw new Error(`${JSON.stringify(source.slice(0, 500))}: ${String(error)}`, { cause: error })
  } finally {
    const { user, system } = process.cpuUsage(from)
    expect(user + system).toBeLessThan(PATIENCE_US)
  }
}

const SELECTORS = ['m', 'm{job="a"}', 'n_total', '{job=~"a|b"}', 'm{job!~"(a+)+"}', '{"m"}', 'none']
const DURATIONS = ['1ms', '15s', '1m', '5m', '1h', '100y', '0s', '-1m', '1h30m']
const shift = fc.constantFrom(
  '',
  ' offset 1m',
  ' offset -5m',
  ' @ 100',
  ' @ start()',
  ' @ end() offset 1h',
  ' @ -1e15',
  ' @ 9e15',
)
const matching = fc.constantFrom(
  '',
  ' on(job)',
  ' ignoring(le)',
  ' on(job) group_left',
  ' on() group_right(le)',
  ' bool',
)
const operator = fc.constantFrom(...'+ - * / % ^ atan2 == != > < >= <= and or unless'.split(' '))
const aggregation = fc.constantFrom(
  ...'sum avg count min max group stddev stdvar topk bottomk quantile count_values limitk'.split(' '),
)
const call = fc.constantFrom(
  ...`abs ceil clamp rate increase delta irate deriv predict_linear quantile_over_time sum_over_time stddev_over_time changes
      resets histogram_quantile label_replace label_join absent absent_over_time scalar vector time timestamp sort round hour
      nothing`.split(/\s+/),
)
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom('Inf', 'NaN', '0x1f', '1e400', '5m', '"text"', "'\\xff'"),
)

/** Expressions as the grammar has them; their types need not fit. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.tuple(fc.constantFrom(...SELECTORS), shift).map((parts) => parts.join('')),
    number.map(String),
    fc
      .tuple(fc.constantFrom(...SELECTORS), fc.constantFrom(...DURATIONS), shift)
      .map(([of, range, at]) => `${of}[${range}]${at}`),
    fc
      .tuple(tie('expression'), operator, matching, tie('expression'))
      .map(([a, op, how, b]) => `${a} ${op}${how} ${b}`),
    fc
      .tuple(
        aggregation,
        fc.constantFrom('', ' by (job)', ' without ()'),
        fc.array(tie('expression'), { maxLength: 2 }),
      )
      .map(([name, grouping, args]) => `${name}${grouping}(${args.join(', ')})`),
    fc.tuple(call, fc.array(tie('expression'), { maxLength: 5 })).map(([name, args]) => `${name}(${args.join(', ')})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...DURATIONS), fc.constantFrom('', ...DURATIONS), shift)
      .map(([of, range, step, at]) => `(${of})[${range}:${step}]${at}`),
    fc.tuple(fc.constantFrom('-', '+'), tie('expression')).map((parts) => parts.join('')),
  ),
}))

/** The same, with something taken out, put in twice, or put in from elsewhere. */
const mutated = fc
  .tuple(
    expression,
    fc.nat(),
    fc.nat(12),
    fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom(...'(){}[]",`\'@:\\'.split(''))),
  )
  .map(([source, at, length, text]) => {
    const from = at % (source.length + 1)
    return source.slice(0, from) + text + source.slice(from + (length % 5)) + (length > 10 ? source.slice(from) : '')
  })

describe('any expression ends well', () => {
  test('of the grammar', async () => {
    const ends = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(expression, async (source) => {
        const end = await outcome(source)
        ends.set(end, (ends.get(end) ?? 0) + 1)
        expect(['ok', 'bad_data', 'execution']).toContain(end)
      }),
      { numRuns: 1500 },
    )
    // Else nothing would be evaluated.
    expect(ends.get('ok')).toBeGreaterThan(100)
  })

  test('mutated', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async (source) => {
        expect(['ok', 'bad_data', 'execution']).toContain(await outcome(source))
      }),
      { numRuns: 1500 },
    )
  })

  test('of any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (source) => {
        expect(['ok', 'bad_data', 'execution']).toContain(await outcome(source))
      }),
      { numRuns: 500 },
    )
  })
})

describe('what is too much is refused', () => {
  const deep = 10_000
  test.each([
    ['parentheses', '('.repeat(deep) + '1' + ')'.repeat(deep)],
    ['open parentheses', '('.repeat(deep)],
    ['signs', '-'.repeat(deep) + '1'],
    ['calls', 'abs('.repeat(deep) + 'm' + ')'.repeat(deep)],
    ['aggregations', 'sum('.repeat(deep) + 'm' + ')'.repeat(deep)],
    ['subqueries', 'm' + '[1m:1m]'.repeat(deep)],
    ['a megabyte', 'm + '.repeat(250_000) + 'm'],
    ['a megabyte of text', `"${'a'.repeat(1_000_000)}"`],
  ])('%s', async (_, source) => {
    expect(await outcome(source)).toBe('bad_data')
  })

  test.each([
    ['operators side by side', Array.from({ length: 2000 }, () => '1').join(' + ')],
    ['powers, which lean to the right', Array.from({ length: 2000 }, () => '1').join(' ^ ')],
    ['labels', `m{${Array.from({ length: 2000 }, (_, i) => `l${i}=""`).join()}}`],
  ])('or answered: %s', async (_, source) => {
    expect(['ok', 'bad_data']).toContain(await outcome(source))
  })

  test.each([
    'm[100y:1ms]',
    'sum_over_time(m[100y:1ms])',
    'sum_over_time(sum_over_time(m[1d:1s])[1d:1s])',
    'vector(1)[10d:1ms]',
  ])('a window of more steps than there may be: %s', async (source) => {
    expect(await outcome(source)).toBe('execution')
  })

  test('a range of more steps than there may be', async () => {
    expect(await outcome('m', { from_ms: 0, to_ms: 1e15, step_ms: 1 })).toBe('execution')
  })
})

describe('a regular expression cannot stall the process', () => {
  const text = 'a'.repeat(3000)
  test.each([
    ['nested quantifiers', '(a+)+b'],
    ['nested stars', '((a*)*)*b'],
    ['alternatives that overlap', '(a|aa)+b'],
    ['repetitions of repetitions', '((a{1,30}){1,30}){1,30}'],
    ['a huge repetition', 'a{1000}'],
    ['more than there may be', 'a{1001}'],
    ['thousands of alternatives', Array.from({ length: 1000 }, (_, i) => `x${i}`).join('|')],
    ['too many alternatives', Array.from({ length: 5000 }, (_, i) => `x${i}`).join('|')],
    ['many groups', '(a)'.repeat(1000)],
    ['deep groups', '('.repeat(1500) + 'a' + ')'.repeat(1500)],
    ['a look behind', '(?<=a)b'],
    ['a reference', '(a)\\\\1'],
  ])('%s', async (_, pattern) => {
    const sources = [
      `m{job=~"${pattern}"}`,
      `label_replace(label_replace(m, "x", "${text}", "", ""), "y", "$1", "x", "${pattern}")`,
    ]
    for (const source of sources) expect(['ok', 'bad_data', 'execution']).toContain(await outcome(source))
  })
})
