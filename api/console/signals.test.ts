import { afterEach, expect, test, vi } from 'vitest'

import { hintsOf, wish } from './forecast-wish.js'
import { languageOf } from './language.js'
import { chosen, isAlone } from './scored.js'
import { bandsQuery, isCounter, unitFor, valueQuery, windowOf } from './signals.js'
import { en } from './texts/en.js'
import { zh } from './texts/zh.js'

const MEMORY = { rule: 'HostMemory', metric: 'system_memory_usage', labels: { state: 'used' } }
const LATENCY = { rule: 'Latency', labels: { service_name: 'checkout' } }

afterEach(() => vi.unstubAllGlobals())

test('the judged value of a plain rule is its series, of another its expression', () => {
  expect(valueQuery(MEMORY, 'system_memory_usage', false)).toBe('system_memory_usage{state="used"}')
  expect(valueQuery(MEMORY, undefined, false)).toBe('system_memory_usage{state="used"}')
  expect(valueQuery(LATENCY, 'rate(x_seconds_sum[5m])', false)).toBe('rate(x_seconds_sum[5m])')
  expect(valueQuery(LATENCY, undefined, false)).toBe('')
})

test('a counter is shown as it was judged: by its rate', () => {
  const cpu = { rule: 'EverySeries', metric: 'process_cpu_time_seconds_total', unit: 's/s', labels: { state: 'user' } }
  expect(valueQuery(cpu, '{__name__!=""}', true)).toBe('irate(process_cpu_time_seconds_total{state="user"}[5m])')
  expect(unitFor(cpu, '{__name__!=""}')).toBe('ratio')
  expect(unitFor({ ...cpu, metric: 'sent_bytes_total', unit: '1/s' }, undefined)).toBe('By/s')
})

test('what is a counter its name says, or the server, which is asked once', async () => {
  const asked = vi.fn<(address: string) => Promise<Response>>(async (address) => {
    const metric = new URL(address, 'http://localhost').searchParams.get('metric') ?? ''
    const type = metric === 'link.sent' ? 'counter' : 'gauge'
    return Response.json({ status: 'success', data: metric === 'unheard' ? {} : { [metric]: [{ type }] } })
  })
  vi.stubGlobal('fetch', asked)
  const { signal } = new AbortController()
  const of = (metric: string, unit: string) => isCounter({ rule: 'EverySeries', metric, unit, labels: {} }, signal)
  expect(await of('sent_bytes_total', 'By/s')).toBe(true)
  expect(await of('temperature', 'Cel')).toBe(false)
  expect(asked).not.toHaveBeenCalled()
  expect([await of('link.sent', 'By/s'), await of('link.speed', 'By/s')]).toEqual([true, false])
  expect([await of('link.sent', 'By/s'), await of('unheard', '1/s')]).toEqual([true, false])
  expect(asked).toHaveBeenCalledTimes(3)
})

test('bands are asked for by rule, metric and labels', () => {
  expect(bandsQuery(MEMORY)).toBe(
    '{__name__=~"barograph_(expected|lower|upper)", state="used", rule="HostMemory", metric="system_memory_usage"}',
  )
})

test('the unit is what the sender said, else what the name says', () => {
  expect(unitFor({ ...MEMORY, unit: 'KiBy' }, undefined)).toBe('KiBy')
  expect(unitFor({ ...MEMORY, unit: '1' }, undefined)).toBe('By')
  expect(unitFor(LATENCY, 'histogram_quantile(0.5, sum by (le) (rate(x_seconds_bucket[5m])))')).toBe('s')
})

test('a finding is shown with the hour before it and half an hour after it, never past now', () => {
  const now = Date.UTC(2026, 10, 21, 12)
  const since = new Date(now - 7_200_000).toISOString()
  const until = new Date(now - 3_600_000).toISOString()
  expect(windowOf({ since, until }, now)).toMatchObject({ from_ms: now - 10_800_000, to_ms: now - 1_800_000 })
  expect(windowOf({ since }, now)).toMatchObject({ to_ms: now, until_ms: now })
})

test('what is unusual is drawn first, then one series of every rule in turn', () => {
  const one = (rule: string, name: string, score: number) => ({ rule, labels: { name }, at: '', score })
  const scores = [one('A', '1', 0.1), one('A', '2', 0.2), one('B', '1', 0), one('B', '2', 0.9)]
  expect(chosen(scores, 3).map(({ rule, labels }) => rule + labels['name'])).toEqual(['B2', 'A1', 'B1'])
})

test('Barograph is alone while it judges nothing but itself', () => {
  const of = (service_name: string) => ({ rule: 'A', labels: { service_name }, at: '' })
  expect(isAlone([of('barograph')])).toBe(true)
  expect(isAlone([of('barograph'), of('checkout')])).toBe(false)
})

test('a rule decides its own forecast; anything else gets a horizon and all quantiles that are drawn', () => {
  expect(wish('demand', '', true)).toEqual({ query: 'demand', horizon: '' })
  expect(wish('up', '', false)).toMatchObject({ horizon: '1h', step: '60s', quantiles: '0.05,0.1,0.5,0.9,0.99' })
  expect(wish('up', '1d', false)).toMatchObject({ horizon: '1d', step: '600s' })
})

test('a policy belongs to the rule that it names, else to one called like it', () => {
  const hint = (policy: string, demand?: string) => ({
    policy,
    reason: '',
    stale: false,
    ...(demand === undefined ? {} : { demand }),
  })
  const hints = [hint('checkout'), hint('search'), hint('other', 'checkout_demand')]
  expect(hintsOf(hints, 'checkout_demand').map(({ policy }) => policy)).toEqual(['checkout', 'other'])
})

test('the language is what the address says, then what was chosen, then the browser’s', () => {
  expect(languageOf('?lang=zh', 'en', ['en'])).toBe('zh')
  expect(languageOf('', 'zh', ['en'])).toBe('zh')
  expect(languageOf('', null, ['fr-FR', 'zh-CN', 'en'])).toBe('zh')
  expect(languageOf('?lang=xx', null, ['fr'])).toBe('en')
})

test('both languages say the same things', () => {
  const keys = (value: object, path = ''): string[] =>
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? keys(inner as object, `${path}${key}.`)
        : [path + key],
    )
  const optional = (key: string): boolean => !key.startsWith('severities.')
  expect(keys(zh).filter(optional).toSorted()).toEqual(keys(en).filter(optional).toSorted())
})
