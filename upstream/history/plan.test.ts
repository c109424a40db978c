import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Matcher } from '#core/ports/series-reader.ts'
import { selectorText } from '#core/selector.ts'
import { Labels } from '#core/series.ts'

import { forecast, inspect } from '../testing/history.fixture.ts'
import { planHistory, type Wish } from './plan.ts'
import { namesOf, quoted } from './selector.ts'
import { splitSeries } from './split.ts'

const DAY = 86_400_000
const rule = (kind: Wish['kind'], name: string, expr: string, more: Partial<Wish> = {}): Wish => ({
  kind,
  name,
  expr,
  for_ms: 0,
  evidence: false,
  ...more,
})
const planned = (...wishes: Wish[]) => planHistory(wishes, { range_ms: 15 * DAY, inspect })

describe('what is fetched', () => {
  test('is what learning rules and demands read, as far back as is asked for', () => {
    const { wanted } = planned(forecast('a'), rule('anomaly', 'x', 'b{job="j"}'), rule('demand', 'p', 'c'))
    expect(wanted.map(({ selector, range_ms }) => [selector, range_ms])).toEqual([
      ['{__name__="a"}', 15 * DAY],
      ['{__name__="b",job="j"}', 15 * DAY],
      ['{__name__="c"}', 15 * DAY],
    ])
  })

  test('is for alerts and recorded series only what one step looks back, if that is more than live data tells at once', () => {
    const { wanted } = planned(
      rule('alert', 'A', 'a'),
      rule('alert', 'B', 'b', { for_ms: 3_600_000 }),
      rule('record', 'r', 'c'),
    )
    expect(wanted.map(({ selector, range_ms }) => [selector, range_ms])).toEqual([['{__name__="b"}', 3_900_000]])
  })

  test('is for a recorded series that a learning rule reads, through others, what its own rule reads', () => {
    const { wanted } = planned(rule('record', 'job:a', 'a'), rule('record', 'all:a', 'job:a'), forecast('all:a'))
    expect(wanted).toEqual([
      { selector: '{__name__="a"}', matchers: inspect('a').selectors[0]!.matchers, range_ms: 15 * DAY },
    ])
  })

  test('is nothing for evidence, for what is made here, and for a selector that may find anything', () => {
    const anything = (expr: string) => ({
      ...inspect(expr),
      selectors: [{ matchers: [{ name: 'job', op: '=', value: 'a' } as const], reach_ms: 0 }],
    })
    expect(
      planned(rule('anomaly', 'e', 'a', { evidence: true }), forecast('barograph_score'), forecast('ALERTS')).wanted,
    ).toEqual([])
    expect(planHistory([forecast('x')], { range_ms: DAY, inspect: anything })).toEqual({ wanted: [], unbounded: 1 })
  })

  test('leaves out a selector whose series another finds too', () => {
    const { wanted } = planned(forecast('a{job="x"}'), forecast('a'), forecast('a'))
    expect(wanted.map(({ selector }) => selector)).toEqual(['{__name__="a"}'])
  })
})

test('a selector is written so that every value is itself', () => {
  const matchers: Matcher[] = [
    { name: '__name__', op: '=', value: 'a' },
    { name: 'b.c', op: '!~', value: 'x"\\d\n' },
  ]
  expect(selectorText(matchers)).toBe(String.raw`{__name__="a","b.c"!~"x\"\\d\n"}`)
})

test('names are known from an equality or a list of them', () => {
  const named = (op: Matcher['op'], value: string) => namesOf([{ name: '__name__', op, value }])
  expect([named('=', 'a'), named('=~', 'a|b:c'), named('=~', 'a.*'), named('!=', 'a'), namesOf([])]).toEqual([
    ['a'],
    ['a', 'b:c'],
    undefined,
    undefined,
    undefined,
  ])
})

test('series are split into groups that hold each of them once, none too large where labels tell them apart', () => {
  const label = fc.constantFrom('a', 'a.b', 'c|d', '', 'x+')
  const set = fc.record({ job: label, zone: label, instance: fc.integer({ max: 20, min: 0 }).map(String) })
  fc.assert(
    fc.property(
      fc.uniqueArray(set, { selector: (one) => JSON.stringify(one), maxLength: 60 }),
      fc.integer({ min: 1, max: 10 }),
      (sets, most) => {
        const series = sets.map((one) => Labels.of(one))
        const groups = splitSeries([{ name: '__name__', op: '=', value: 'm' }], series, most)
        const found = groups.map(({ matchers }) =>
          series.filter((labels) =>
            matchers.slice(1).every(({ name, value }) => new RegExp(`^(?:${value})$`).test(labels.get(name))),
          ),
        )
        expect(
          found
            .flat()
            .map(({ key }) => key)
            .toSorted(),
        ).toEqual(series.map(({ key }) => key).toSorted())
        expect(groups.map((group) => group.series)).toEqual(found.map(({ length }) => length))
        if (series.length > 0) expect(Math.max(...found.map(({ length }) => length))).toBeLessThanOrEqual(most)
        expect(quoted('a.b')).toBe(String.raw`a\.b`)
      },
    ),
  )
})
