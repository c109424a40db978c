import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { DEFAULT_LIMITS } from '../limits.ts'
import { checkTypes } from './check.ts'
import { format } from './format.ts'
import { parse } from './parse.ts'

const STEPS = { step_ms: 15_000, range_ms: 3_600_000 }

function canonical(source: string): string {
  const expr = parse(source, DEFAULT_LIMITS, STEPS)
  checkTypes(source, expr)
  return format(expr)
}

function errorOf(source: string): string {
  try {
    canonical(source)
    return ''
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'bad_data') return error.message
    throw error
  }
}

test.each([
  ['SUM(m) BY (job)', 'sum by (job) (m)'],
  ['rate( m{a = "b",} [ 5m ] offset -1h30m )', 'rate(m{a="b"}[5m] offset -1h30m)'],
  ['m[1h:] @ end() offset 1d', 'm[1h:] @ end() offset 1d'],
  ['m @ 1.5', 'm @ 1.500'],
  ['a * on(x) group_left(y) b', 'a * on (x) group_left (y) b'],
  ['a == bool ignoring(x) b', 'a == bool ignoring (x) b'],
  ['a + FILL(-1m) b', 'a + fill (-60) b'],
  ['a - on(x) group_left fill_right(2) fill_left(1) b', 'a - on (x) group_left () fill_left (1) fill_right (2) b'],
  ['info(m, {})', 'info(m)'],
  ['info(m offset 5m, {a=~".*"} @ 5)', 'info(m offset 5m, {a=~".*"})'],
  ['info(m, {"b", a="c"})', 'info(m, {__name__="b",a="c"})'],
  ['rate(m[5m] ANCHORED @ 5 offset 1m)', 'rate(m[5m] anchored @ 5.000 offset 1m)'],
  ['m smoothed offset 1m', 'm smoothed offset 1m'],
  ['anchored + smoothed', 'anchored + smoothed'],
  ['a < b </ 3 >/ c', 'a < b </ 3 >/ c'],
  ['fill + fill_left', 'fill + fill_left'],
  ['{"a.b","c d"=~"x"}', '{"c d"=~"x",__name__="a.b"}'],
  ['sum without () (m)', 'sum without () (m)'],
  ["m{a='b\"c'}", 'm{a="b\\"c"}'],
  ['1_000 + 0x1F + 010 + 1h30m + 2.', '1000 + 31 + 8 + 1h30m + 2'],
  ['1e21 + 1e-7 + -90s', '1000000000000000000000 + 0.0000001 + -1m30s'],
  ['m{b!="1",a=~"x",a!~"y"}', 'm{a!~"y",a=~"x",b!="1"}'],
  ['-Inf + NaN', '-Inf + NaN'],
  ['m[1m * 2 + 30]', 'm[1m * 2 + 30]'],
  ['m[min_of(step(), 90s)] offset -(range() ^ 2)', 'm[min_of(step(), 1m30s)] offset -(range() ^ 2)'],
  ['m[ 2*step():(step())] offset - 5m', 'm[2 * step():(step())] offset -5m'],
  ['a # a comment\n + b', 'a + b'],
])('%s is read as %s', (source, wanted) => {
  expect(canonical(source)).toBe(wanted)
  expect(canonical(wanted)).toBe(wanted)
})

test('operators bind as in PromQL: postfixes closest, then ^ (to the right), then signs', () => {
  const shape = (source: string): string => {
    const show = (expr: ReturnType<typeof parse>): string =>
      expr.kind === 'binary'
        ? `(${show(expr.left)} ${expr.op} ${show(expr.right)})`
        : expr.kind === 'unary'
          ? `${expr.op}(${show(expr.inner)})`
          : format(expr)
    return show(parse(source, DEFAULT_LIMITS, STEPS))
  }
  expect(shape('a or b offset 5m and c')).toBe('(a or (b offset 5m and c))')
  expect(shape('-1^2')).toBe('-((1 ^ 2))')
  expect(shape('2^-1^2')).toBe('(2 ^ -((1 ^ 2)))')
  expect(shape('a - b - c * d % e')).toBe('((a - b) - ((c * d) % e))')
  expect(shape('-a * b > c unless d')).toBe('(((-(a) * b) > c) unless d)')
  expect(shape('a + b @ 5')).toBe('(a + b @ 5.000)')
})

test.each([
  ['up{', '1:4: parse error: unexpected end of input inside braces'],
  ['', 'unknown position: parse error: no expression found in input'],
  ['sum(', '1:5: parse error: unclosed left parenthesis'],
  ['sum(rate(', '1:10: parse error: unclosed left parenthesis'],
  ['rate()', '1:1: parse error: expected 1 argument(s) in call to "rate", got 0'],
  ['m[5m', '1:5: parse error: unclosed left bracket'],
  ['"abc', '1:1: parse error: unterminated quoted string'],
  ['m{a=}', '1:5: parse error: unexpected "}" in label matching, expected string'],
  ['m{a="b" c="d"}', '1:9: parse error: unexpected identifier "c" in label matching, expected "," or "}"'],
  ['foo\n  bar', '2:3: parse error: unexpected identifier "bar"'],
  ['2 +', '1:4: parse error: unexpected end of input'],
  ['a $ b', "1:3: parse error: unexpected character: '$'"],
  ['sum by m', '1:8: parse error: unexpected identifier "m" in grouping opts, expected "("'],
  ['foo(1)', '1:1: parse error: unknown function with name "foo"'],
  ['rate(m)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
  ['clamp(m)', '1:1: parse error: expected 3 argument(s) in call to "clamp", got 1'],
  ['label_join(m, "a")', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 2'],
  ['hour(m, m)', '1:1: parse error: expected at most 1 argument(s) in call to "hour", got 2'],
  ['1 == 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
  ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
  ['a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
  ['a and fill(0) b', '1:1: parse error: filling in missing series not allowed for set operators'],
  ['a + fill(0) 1', '1:1: parse error: filling in missing series only allowed between instant vectors'],
  ['rate(m[5m] smoothed anchored)', '1:6: parse error: anchored and smoothed modifiers cannot be used together'],
  ['rate(m[5m:] anchored)', '1:6: parse error: anchored modifier is not supported for subqueries'],
  ['(m) smoothed', '1:1: parse error: smoothed modifier not implemented'],
  ['a </ bool 3', '1:3: parse error: bool modifier can only be used on comparison operators'],
  ['info(m, n)', '1:9: parse error: expected label selectors only, got vector selector instead'],
  ['info(m, (m))', '1:9: parse error: expected label selectors only'],
  ['info()', '1:1: parse error: expected at least 1 argument(s) in call to "info", got 0'],
  ['a + fill_left(1) fill(2) b', '1:22: parse error: unexpected "("'],
  ['a + b[5m]', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
  [
    '-"a"',
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  ],
  ['{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['m{__name__="b"}', '1:1: parse error: metric name must not be set twice: "m" or "b"'],
  ['a + on(x) group_left(x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'],
  ['a + on(x, y) group_left(y, x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'],
  ['a + on(x @) b', '1:10: parse error: unexpected <op:@> in grouping opts, expected "," or ")"'],
  ['m{a="日"} $', "1:12: parse error: unexpected character: '$'"],
  ['a and on(x) group_left b', '1:1: parse error: no grouping allowed for "and" operation'],
  ['max(m)[5m]', '1:7: parse error: ranges only allowed for vector selectors'],
  ['rate(m[0s])', '1:8: parse error: duration must be greater than 0'],
  ['topk(m)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
  ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
  ['m{a="\\q"}', "1:5: parse error: unknown escape sequence U+0071 'q'"],
])('%s is refused: %s', (source, message) => {
  expect(errorOf(source)).toBe(message)
})

test('step() and range() in durations are those of the query', () => {
  const read = (source: string): unknown => parse(source, DEFAULT_LIMITS, STEPS)
  expect(read('m[step() * 4]')).toMatchObject({ range_ms: 60_000 })
  expect(read('m[max_of(STEP(), 5m)] offset min_of(range(), 2m)')).toMatchObject({
    range_ms: 300_000,
    selector: { offset_ms: 120_000 },
  })
  expect(canonical('m[max_of(STEP(), 5m)] offset 2m')).toBe('m[max_of(step(), 5m)] offset 2m')
  expect(canonical('min_of(1, max_of(2, step()))')).toBe('min_of(1, max_of(2, step()))')
})

test('text that is too long or too deep is refused before it costs anything', () => {
  expect(errorOf('('.repeat(50_000))).toContain('parse error')
  expect(errorOf(`${'('.repeat(2000)}1${')'.repeat(2000)}`)).toContain('nests deeper than 500')
  expect(errorOf(Array.from({ length: 5000 }, () => 'm').join(' or '))).toContain('parse error')
  expect(errorOf('m'.repeat(100_001))).toContain('longer than 100000')
  expect(errorOf(`m{a=~"${'a'.repeat(5000)}"}`)).toContain('longer than 4096')
})

test('any text at all is read or refused', () => {
  const piece = fc.constantFrom(
    ...'m{} () [5m] offset @ 1 "a" `b` \' "\\ sum by on rate( + - ^ == bool and or unless =~ , : . # é \n start() 0x 1e'.split(
      ' ',
    ),
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
      expect(errorOf(parts.join(' '))).toBeTypeOf('string')
      expect(errorOf(parts.join(''))).toBeTypeOf('string')
    }),
    { numRuns: 300 },
  )
})
