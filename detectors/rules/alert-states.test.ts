import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Labels } from '#core/series.ts'

import { AlertStates } from './alert-states.ts'
import type { AlertRule } from './rule.ts'
import { Template } from './template/template.ts'

function rule(over: Partial<AlertRule> = {}, templates: Record<string, string> = {}): AlertRule {
  return {
    kind: 'alert',
    key: 'f;g;alert;A',
    name: 'A',
    expr: 'x > 1',
    labels: {},
    annotations: {},
    for_ms: 0,
    keep_firing_ms: 0,
    labelTemplates: Object.entries(templates).map(([name, text]) => [name, new Template(text)]),
    annotationTemplates: [['summary', new Template('{{ $labels.i }} is {{ $value }}')]],
    ...over,
  }
}

const GROUP = { name: 'g', interval_ms: 10, limit: 0 }
const x = (i: string, value = 1) => ({ labels: Labels.of({ __name__: 'x', i }), value })

/** What Prometheus does, written as its documentation says it: one instance, steps of 10. */
function model(present: readonly boolean[], for_ms: number, keep_ms: number): string[] {
  const told: string[] = []
  let since: number | undefined
  let firing = false
  let missing: number | undefined
  for (const [i, here] of present.entries()) {
    const time = i * 10
    if (here) {
      since ??= time
      missing = undefined
      if (!firing && time - since >= for_ms) {
        firing = true
        told.push(`firing ${time} since ${since}`)
      }
    } else if (since !== undefined) {
      missing ??= time
      if (firing && time - missing < keep_ms) continue
      if (firing) told.push(`resolved ${time} since ${since}`)
      since = undefined
      firing = false
      missing = undefined
    }
  }
  return told
}

test('each instance goes its own way, as in Prometheus, also when it is saved and loaded between any two steps', () => {
  const steps = fc.array(fc.record({ a: fc.boolean(), b: fc.boolean(), reload: fc.boolean() }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 10, 25, 40), fc.constantFrom(0, 10, 25), (list, for_ms, keep_firing_ms) => {
      let states = new AlertStates(rule({ for_ms, keep_firing_ms }), GROUP)
      const told: Record<string, string[]> = { a: [], b: [] }
      for (const [i, { a, b, reload }] of list.entries()) {
        const stepped = states.step(i * 10, [...(a ? [x('a', i)] : []), ...(b ? [x('b', i)] : [])])
        for (const { type, at_ms, alert } of stepped?.events ?? []) {
          told[alert.labels.get('i')]?.push(`${type} ${at_ms} since ${alert.active_ms}`)
          expect(alert.state).toBe(type)
          expect(alert.evaluated_ms).toBe(at_ms)
        }
        if (!reload) continue
        const next = new AlertStates(rule({ for_ms, keep_firing_ms }), GROUP)
        next.load([...states.instances()])
        expect(next.alerts()).toEqual(states.alerts())
        // A step that was passed does not turn back what is active.
        if (next.size > 0) expect(next.step(i * 10, [])).toBeUndefined()
        states = next
      }
      for (const name of ['a', 'b'] as const) {
        expect(told[name]).toEqual(
          model(
            list.map((step) => step[name]),
            for_ms,
            keep_firing_ms,
          ),
        )
      }
    }),
  )
})

test('labels are those of the series without its name, then of the rule, then alertname; annotations and value are the newest', () => {
  const states = new AlertStates(
    rule({}, { i: 'was {{ $labels.i }}', alertname: 'Other', severity: '{{ $value }}' }),
    GROUP,
  )
  states.step(0, [x('a', 5)])
  states.step(10, [x('a', 5)])
  expect(
    states.alerts().map((alert) => [String(alert.labels), alert.annotations, alert.active_ms, alert.evaluated_ms]),
  ).toEqual([['{alertname="A", i="was a", severity="5"}', { summary: 'a is 5' }, 0, 10]])
  expect(states.step(20, [x('a', 6)])?.events.map(({ type, alert }) => [type, alert.labels.get('severity')])).toEqual([
    ['firing', '6'],
    ['resolved', '5'],
  ])
})

test('two results that become one change nothing', () => {
  const states = new AlertStates(rule({ for_ms: 10 }, { i: '' }), GROUP)
  states.step(0, [x('a')])
  expect(() => states.step(10, [x('a'), x('b')])).toThrow(
    'vector contains metrics with the same labelset after applying alert labels: {alertname="A"}',
  )
  expect(states.alerts()).toMatchObject([{ state: 'pending', active_ms: 0, evaluated_ms: 0 }])
  expect(states.step(20, [x('b')])?.events).toMatchObject([{ type: 'firing', at_ms: 20 }])
})

test('beyond the limit of its group no alert of the rule is left: what fired before is forgotten, not resolved', () => {
  const states = new AlertStates(rule(), { ...GROUP, limit: 1 })
  states.step(0, [x('a')])
  const stepped = states.step(10, [x('a'), x('b')])
  expect(stepped?.error?.message).toBe('exceeded limit of 1 with 2 alerts')
  expect(stepped?.events.map(({ type, alert }) => [type, alert.labels.get('i')])).toEqual([['forgotten', 'a']])
  expect(states.alerts()).toEqual([])
})

test('an alert that is kept firing says since when', () => {
  const states = new AlertStates(rule({ keep_firing_ms: 30 }), GROUP)
  states.step(0, [x('a')])
  states.step(10, [])
  states.step(20, [])
  expect(states.alerts()).toMatchObject([{ state: 'firing', keep_firing_since_ms: 10 }])
  states.step(30, [x('a')])
  expect(states.alerts()[0]).not.toHaveProperty('keep_firing_since_ms')
})

test('an alert says that its rule fails until a step can be evaluated again', () => {
  const states = new AlertStates(rule(), GROUP)
  states.step(0, [x('a')])
  expect(states.alerts()[0]).not.toHaveProperty('failing')
  states.failed()
  expect(states.alerts()[0]).toMatchObject({ state: 'firing', evaluated_ms: 0, failing: true })
  states.step(20, [x('a')])
  expect(states.alerts()[0]).not.toHaveProperty('failing')
})
