import fc from 'fast-check'
import { expect, test } from 'vitest'

import { complete, fitting, placeAt } from './completion.js'

/** The place of the bar in a text. */
function at(text: string) {
  const cursor = text.indexOf('|')
  return placeAt(text.replace('|', ''), cursor)
}

test('a name outside of braces is a metric', () => {
  expect(at('sum(rate(http_req|')).toMatchObject({ kind: 'metric', prefix: 'http_req', from: 9 })
  expect(at('|').kind).toBe('none')
  expect(at('rate(x[5m|').kind).toBe('none')
})

test('in braces stand labels and their values, of the metric before them', () => {
  expect(at('up{jo|')).toMatchObject({ kind: 'label', prefix: 'jo', metric: 'up' })
  expect(at('up{job="a", |')).toMatchObject({ kind: 'label', prefix: '', metric: 'up' })
  expect(at('up{job=~"ap|i"}')).toMatchObject({ kind: 'value', prefix: 'ap', label: 'job', metric: 'up' })
  expect(at('up{job|"').kind).toBe('label')
  expect(at('up{job="a"|').kind).toBe('none')
})

test('after by and without stand labels', () => {
  expect(at('sum by (serv|) (x)')).toMatchObject({ kind: 'label', prefix: 'serv', metric: '' })
})

test('a string outside of braces is nobody’s', () => {
  expect(at('label_replace(x, "a|').kind).toBe('none')
})

test('what begins like the text comes first', () => {
  expect(fitting(['node_up', 'up', 'up_time', 'down'], 'up')).toEqual(['up_time', 'node_up'])
})

test('a choice takes the place of what was written; a label goes on to its value', () => {
  const text = 'rate(http_re[5m])'
  expect(complete(text, placeAt(text, 12), 'http_requests_total').text).toBe('rate(http_requests_total[5m])')
  expect(complete('up{jo}', placeAt('up{jo}', 5), 'job')).toEqual({ text: 'up{job="}', cursor: 8 })
  expect(complete('up{jo="a"}', placeAt('up{jo="a"}', 5), 'job').text).toBe('up{job="a"}')
})

test('a name that PromQL cannot write bare is one name, bare or in quotes', () => {
  expect(at('sum(my.me|')).toMatchObject({ kind: 'metric', prefix: 'my.me', from: 4 })
  expect(at('温|').prefix).toBe('温')
  expect(at('{"my.|')).toMatchObject({ kind: 'metric', prefix: 'my.', from: 2 })
  expect(at('{"my.metric", k8s.p|')).toMatchObject({ kind: 'label', prefix: 'k8s.p', metric: 'my.metric' })
  expect(at('up{"k8s.|"="a"}')).toMatchObject({ kind: 'label', prefix: 'k8s.', from: 4, metric: 'up' })
  expect(at('{"my.metric", "k8s.pod"="a|')).toMatchObject({ kind: 'value', label: 'k8s.pod', metric: 'my.metric' })
  expect(at('{"k8s.pod"="a", |').metric).toBe('')
  expect(at('sum by ("k8s.|) (x)').kind).toBe('none')
})

test('a choice that PromQL cannot write bare is quoted', () => {
  const done = (text: string, choice: string) => {
    const cursor = text.indexOf('|')
    const plain = text.replace('|', '')
    return complete(plain, placeAt(plain, cursor), choice)
  }
  expect(done('rate(my|[5m])', 'my.metric')).toEqual({ text: 'rate({"my.metric"}[5m])', cursor: 18 })
  expect(done('{"my|', 'my.metric')).toEqual({ text: '{"my.metric"', cursor: 12 })
  expect(done('{"my|"}', 'my.metric')).toEqual({ text: '{"my.metric"}', cursor: 12 })
  expect(done('up{k8|}', 'k8s.pod')).toEqual({ text: 'up{"k8s.pod"="}', cursor: 14 })
  expect(done('up{"k8|"="a"}', 'k8s.pod').text).toBe('up{"k8s.pod"="a"}')
  expect(done('up{"k8|', 'k8s.pod').text).toBe('up{"k8s.pod"="')
  expect(done('sum by (k8|) (up)', 'k8s.pod').text).toBe('sum by ("k8s.pod") (up)')
  expect(done('up{job="|"}', 'a"b').text).toBe('up{job="a\\"b"}')
})

test('no text and no cursor breaks it, and the prefix is what stands there', () => {
  const holds = fc.property(fc.string(), fc.nat(), (text, n) => {
    const cursor = n % (text.length + 1)
    const { kind, prefix, from } = placeAt(text, cursor)
    return kind === 'none' || text.slice(from, cursor) === prefix
  })
  expect(fc.check(holds).failed).toBe(false)
})
