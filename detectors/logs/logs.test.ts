import { expect, test } from 'vitest'

import type { FindingEvent } from '#core/finding.ts'
import { type Meter, silentMeter } from '#core/ports/meter.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import type { Level, LogRecord } from '#core/signal.ts'

import { Drain } from './drain.ts'
import { errorBurst } from './error-burst.ts'
import { LogEngine } from './log-engine.ts'
import { tokensOf } from './masks.ts'

const MINUTE = 60_000
const labels = Labels.of({ service_name: 'checkout' })
const record = (time_ms: number, body: string, level: Level = 'info', service?: string): LogRecord => ({
  time_ms,
  labels: service === undefined ? labels : Labels.of({ service_name: service }),
  level,
  body,
  trace_id: '',
  span_id: '',
})

function engine({ services = 100, lines = 1000, templates = 100, meter = silentMeter } = {}) {
  const events: FindingEvent[] = []
  const series: SeriesDefinition[] = []
  const samples: [string, number, number][] = []
  const logs = new LogEngine({
    sink: { finding: (event) => events.push(event) },
    writer: {
      resolve: (definition) => series.push(definition) - 1,
      definition: (id) => series[id]!,
      newest: () => undefined,
      append({ floats }) {
        for (let i = 0; i < floats.length; i++)
          samples.push([series[floats.series[i]!]!.labels.toString(), floats.time_ms[i]!, floats.value[i]!])
        return {
          counts: {
            stored: floats.length,
            stored_late: 0,
            duplicate: 0,
            too_old: 0,
            too_far_ahead: 0,
            late_refused: 0,
          },
          refused_histograms: 0,
          exemplars: [],
          fresh: new Uint8Array(floats.length).fill(1),
        }
      },
    },
    templates_per_service: templates,
    services,
    series: lines,
    lateness_ms: 0,
    meter,
  })
  return { logs, events, samples }
}

test('what varies in a line is masked, and runs of it are one', () => {
  expect(tokensOf('order 4711 by user=a3 took 12.5ms at 2026-11-21T01:02:03Z from 10.0.0.1:80')).toEqual([
    'order',
    '<num>',
    'by',
    'user=',
    '<*>',
    'took',
    '<num>',
    'at',
    '<time>',
    'from',
    '<ip>',
  ])
  expect(tokensOf('')).toEqual(['<empty>'])
  expect(tokensOf('ids 1 2 3 4')).toEqual(['ids', '<num>'])
})

test('an id within a sentence without spaces masks itself alone', () => {
  expect(tokensOf('用户u123登录失败，原因：密码错误3次')).toEqual([
    '用户',
    '<*>',
    '登录失败，原因：密码错误',
    '<num>',
    '次',
  ])
  const drain = new Drain(10)
  const ids = ['订单【A1B2】支付失败', '订单【C3D4】支付失败', '库存w9不足'].map(
    (line) => drain.add(line, 0).template.id,
  )
  expect(ids[1]).toBe(ids[0])
  expect(ids[2]).not.toBe(ids[0])
})

test('lines that differ in a word become one template, whose id stays', () => {
  const drain = new Drain(10)
  const first = drain.add('cannot reach payments within deadline, giving up now', 0)
  const second = drain.add('cannot reach inventory within deadline, giving up now', 0)
  expect(second).toEqual({ template: first.template, isNew: false })
  expect(second.template.tokens.join(' ')).toBe('cannot reach <*> within deadline, giving up now')
  expect(drain.add('user logged in', 0).isNew).toBe(true)
})

test('a full table takes the rest under one name, and what was known stays known', () => {
  const drain = new Drain(2)
  drain.add('alpha one two', 0)
  drain.add('beta three four', 0)
  expect(drain.add('gamma five six', 0).template.id).toBe('other')
  expect(drain.add('alpha one two', 0).isNew).toBe(false)
})

test('templates come back from a checkpoint, general as they had become', () => {
  const drain = new Drain(10)
  drain.add('cannot reach payments within deadline, giving up now', 0)
  drain.add('cannot reach inventory within deadline, giving up now', 0)
  const again = new Drain(10)
  again.load(JSON.parse(JSON.stringify(drain.save())) as ReturnType<Drain['save']>, 0)
  expect(again.add('cannot reach shipping within deadline, giving up now', 0).isNew).toBe(false)
})

test('records are counted into series a minute at a time', () => {
  const { logs, samples } = engine()
  logs.logs([record(1000, 'user 1 logged in'), record(2000, 'user 2 logged in'), record(3000, 'disk full', 'error')])
  logs.tick(MINUTE)
  logs.logs([record(MINUTE + 1, 'user 3 logged in')])
  logs.tick(2 * MINUTE)
  const logins = samples.filter(([name]) => name.includes('level="info"'))
  expect(logins.map(([, time, value]) => [time / MINUTE, value])).toEqual([
    [1, 2],
    [2, 3],
  ])
})

test('records count in the minute of their own time, however they come', () => {
  const run = (pieces: readonly (readonly number[])[]): [number, number][] => {
    const { logs, samples } = engine()
    for (const piece of pieces) {
      logs.logs(piece.map((second) => record(second * 1000, 'user 1 logged in')))
      logs.tick(Math.max(...piece) * 1000)
    }
    logs.tick(10 * MINUTE)
    return samples.map(([, time, value]) => [time / MINUTE, value])
  }
  const seconds = [5, 20, 61, 62, 130, 200, 201, 202]
  expect(run([seconds])).toEqual(run(seconds.map((second) => [second])))
  expect(run([seconds]).slice(0, 4)).toEqual([
    [1, 2],
    [2, 4],
    [3, 5],
    [4, 8],
  ])
})

test('history sent today is counted and is no burst, and a clock that is years ahead stops nothing', () => {
  const { logs, events, samples } = engine()
  const now = 1000 * MINUTE
  for (let minute = 0; minute < 20; minute++) {
    logs.logs([record(now + minute * MINUTE, 'all is well')])
    logs.tick(now + (minute + 1) * MINUTE)
  }
  logs.logs(Array.from({ length: 500 }, (_, i) => record(now - i * 1000, 'payment failed', 'error')))
  logs.logs([record(now + 1e12, 'all is well')])
  logs.tick(now + 22 * MINUTE)
  expect(events).toEqual([])
  expect(samples.at(-1)!.slice(1)).toEqual([now + 22 * MINUTE, 500])
  expect(samples.findLast(([name]) => name.includes('info'))!.slice(1)).toEqual([now + 22 * MINUTE, 20])
})

test('a new kind of error of a known service is evidence; of a new service it is not', () => {
  const { logs, events } = engine()
  logs.logs([record(0, 'started'), record(1, 'config missing here', 'error')])
  logs.tick(MINUTE)
  expect(events).toEqual([])
  logs.logs([record(20 * MINUTE, 'connection pool exhausted', 'error')])
  logs.tick(21 * MINUTE)
  expect(events.map(({ type, finding }) => [type, finding.kind, finding.detail, finding.evidence])).toEqual([
    ['opened', 'new_template', 'connection pool exhausted', true],
  ])
  logs.tick(40 * MINUTE)
  expect(events.at(-1)!.type).toBe('closed')
})

test('many more errors than usual are a burst, once, until they end; restart or not', () => {
  const run = (restart: boolean): string[] => {
    let { logs, events } = engine()
    for (let minute = 1; minute <= 60; minute++) {
      const errors = minute >= 30 && minute < 35 ? 80 : 2
      logs.logs(Array.from({ length: errors }, (_, i) => record(minute * MINUTE - i, 'payment failed', 'error')))
      logs.tick(minute * MINUTE)
      if (restart && minute === 32) {
        const next = engine()
        next.logs.load(logs.save())
        next.events.push(...events)
        ;({ logs, events } = next)
      }
    }
    return events
      .filter(({ finding }) => finding.kind === 'burst')
      .map(({ type, at_ms, finding }) => `${type} ${at_ms / MINUTE} ${finding.value} ${finding.peak_score}`)
  }
  const plain = run(false)
  expect(plain.filter((line) => line.startsWith('opened'))).toHaveLength(1)
  expect(plain.at(-1)).toMatch(/^closed 49/)
  expect(run(true)).toEqual(plain)
})

test.each([20, 90, 2000])('what a new service always writes is no burst: %d errors a minute', (many) => {
  const { logs, events } = engine()
  for (let minute = 0; minute < 120; minute++) {
    const records = Array.from({ length: many + ((minute * 7) % 5) }, (_, i) => {
      return record(minute * MINUTE + i, 'a cache was cold, as ever', 'error')
    })
    logs.logs(records)
    logs.tick((minute + 1) * MINUTE)
  }
  expect(events).toEqual([])
})

test('what was learned by name of a service counts for it when labels tell services apart', () => {
  const detector = errorBurst.create()
  detector.load([['checkout', { mean: 2, variance: 2, minutes: 60, last_ms: 0 }]])
  const count = {
    labels,
    service: 'checkout',
    level: 'error',
    template_id: 't',
    template: 'no stock',
    isNew: false,
  } as const
  const sightings = detector.minute(MINUTE, [{ ...count, time_ms: MINUTE, count: 80, service_since_ms: 0 }])
  expect(sightings).toMatchObject([{ kind: 'burst', value: 80, expected: 2, detail: 'no stock' }])
})

test('a burst is of the service, whichever replica wrote first, and tells the message that grew', () => {
  const { logs, events } = engine()
  const pod = (number: number): Labels => Labels.of({ service_name: 'checkout', k8s_pod_name: `checkout-${number}` })
  const write = (minute: number, body: string, many: number): void => {
    const records = Array.from({ length: many }, (_, i) => {
      return { ...record(minute * MINUTE + i, body, 'error'), labels: pod((minute * 7 + i) % 5) }
    })
    logs.logs(records)
  }
  for (let minute = 0; minute < 60; minute++) {
    write(minute, 'a cache was cold, as ever', 90)
    write(minute, 'payments refused the card', minute >= 40 && minute < 45 ? 85 : 2)
    logs.tick((minute + 1) * MINUTE)
    if (minute !== 42) continue
    const bytes = logs.save()
    logs.load(bytes)
    expect(Buffer.from(logs.save()).toString()).toBe(Buffer.from(bytes).toString())
  }
  const told = events.filter(({ finding }) => finding.kind === 'burst')
  expect(told.filter(({ type }) => type === 'opened')).toHaveLength(1)
  expect(String(told[0]!.finding.labels)).toBe('{service_name="checkout"}')
  expect(told[0]!.finding.detail).toBe('payments refused the card')
})

test('bursts every twenty minutes are two findings, the last of which says how often it recurred; restart or not', () => {
  const play = (restart: boolean): FindingEvent[] => {
    let { logs, events } = engine()
    const all: FindingEvent[] = []
    for (let minute = 0; minute < 720; minute++) {
      const many = minute >= 60 && minute < 600 && minute % 20 === 0
      for (let i = 0; i < (many ? 200 : 1); i++) logs.logs([record(minute * MINUTE + i, 'cannot reach db', 'error')])
      logs.tick((minute + 1) * MINUTE)
      if (!restart || minute % 37 !== 0) continue
      all.push(...events)
      const bytes = logs.save()
      ;({ logs, events } = engine())
      logs.load(bytes)
    }
    return [...all, ...events].filter(({ finding }) => finding.kind === 'burst')
  }
  const told = play(false)
  expect(play(true)).toEqual(told)
  expect(told.filter(({ type }) => type === 'opened')).toHaveLength(2)
  expect(told.at(-1)).toMatchObject({ type: 'closed', finding: { flapping: { returns: 26, since_ms: 61 * MINUTE } } })
  expect(told[0]!.finding).not.toHaveProperty('flapping')
})

/** Counts by name and limit. */
function counting(): { meter: Meter; counts: Record<string, number> } {
  const counts: Record<string, number> = {}
  const meter: Meter = {
    ...silentMeter,
    counter: (name) => ({
      add: (value, { limit = '' } = {}) => {
        const key = `${name.replace('barograph.detectors.log.', '')} ${limit}`.trim()
        counts[key] = (counts[key] ?? 0) + value
      },
    }),
  }
  return { meter, counts }
}

test('services beyond the limit are refused and counted until others were silent for an hour', () => {
  const { meter, counts } = counting()
  const { logs } = engine({ services: 2, meter })
  const write = (minute: number, ...services: readonly string[]): void => {
    logs.logs(services.map((service) => record(minute * MINUTE + 1, 'all is well', 'info', service)))
    logs.tick((minute + 1) * MINUTE)
  }
  for (let minute = 0; minute < 10; minute++) write(minute, 'a', 'b')
  for (let minute = 10; minute < 68; minute++) write(minute, 'a', 'c')
  expect(counts).toEqual({ 'refused log_services': 58 })
  for (let minute = 68; minute < 75; minute++) write(minute, 'a', 'c')
  expect(counts['refused log_services']).toBeLessThan(63)
  const before = counts['refused log_services']
  for (let minute = 75; minute < 80; minute++) write(minute, 'a', 'c')
  expect(counts['refused log_services']).toBe(before)
})

test('a flood of services, lines and words leaves what was known as it was', () => {
  const { meter, counts } = counting()
  const { logs, samples } = engine({ services: 10, lines: 50, meter })
  logs.logs([record(1, 'all is well')])
  for (let i = 0; i < 5000; i++)
    logs.logs([record(2, `w${'abcdefgh'[i % 8]} x${i} ${'y '.repeat(i % 90)}`, 'info', `s${i % 300}`)])
  const bytes = logs.save().length
  for (let i = 0; i < 5000; i++) logs.logs([record(3, `other ${'z '.repeat(i % 100)}`, 'error', `t${i}`)])
  expect(logs.save().length).toBe(bytes)
  logs.logs([record(4, 'all is well')])
  logs.tick(MINUTE)
  expect(samples.find(([name]) => name.includes('checkout'))?.[2]).toBe(2)
  expect(counts['refused log_services']).toBeGreaterThan(9000)
  expect(samples.length).toBeLessThanOrEqual(50)
})

test('templates of one line give way, so that what is new is told though the table was full; restart or not', () => {
  const run = (...cuts: readonly number[]): [string, string[]] => {
    let { logs, events } = engine({ templates: 64 })
    const details: string[] = []
    for (let minute = 0; minute < 200; minute++) {
      if (cuts.includes(minute)) {
        const bytes = logs.save()
        ;({ logs, events } = engine({ templates: 64 }))
        logs.load(bytes)
      }
      const word = (number: number): string =>
        Array.from(String(number), (digit) => 'abcdefghij'[Number(digit)]).join('')
      // In ever new words until the table is full, and a message that is always the same.
      const bodies = minute < 100 ? [`${word(minute)} has ${word(minute + 1)} come`, 'all is well'] : ['all is well']
      logs.logs(bodies.map((body, i) => record(minute * MINUTE + i, body)))
      if (minute >= 180) logs.logs([record(minute * MINUTE + 9, 'disk of the ledger is gone', 'error')])
      logs.tick((minute + 1) * MINUTE)
      details.push(...events.splice(0).flatMap(({ type, finding }) => (type === 'opened' ? finding.detail : [])))
    }
    return [Buffer.from(logs.save()).toString(), details]
  }
  const whole = run()
  expect(whole[1]).toEqual(['disk of the ledger is gone'])
  expect(whole[0]).toContain('"all","is","well"')
  for (const cut of [60, 64, 125, 126, 181]) expect(run(cut), `cut at ${cut}`).toEqual(whole)
})

test('limits leave no trace in what follows a restart', () => {
  const run = (...cuts: readonly number[]): string => {
    let { logs } = engine({ services: 3, lines: 12 })
    for (let minute = 0; minute < 200; minute++) {
      if (cuts.includes(minute)) {
        const bytes = logs.save()
        logs = engine({ services: 3, lines: 12 }).logs
        logs.load(bytes)
      }
      const some = Array.from({ length: 6 }, (_, i) => {
        return record(
          minute * MINUTE + i,
          `word${'abcdefghijkl'[(minute + i) % 12]} done`,
          'error',
          `s${(i + Math.floor(minute / 70)) % 5}`,
        )
      })
      logs.logs(some)
      logs.tick((minute + 1) * MINUTE)
    }
    return Buffer.from(logs.save()).toString()
  }
  const whole = run()
  for (const cut of [5, 69, 71, 130, 140, 141]) expect(run(cut), `cut at ${cut}`).toBe(whole)
})

/** A shipper that is away for half an hour, in which the service fails in a way it never did; then all comes at once. */
function outage(...cuts: readonly number[]): {
  readonly told: string[]
  readonly state: string
  readonly total: number
} {
  let { logs, events, samples } = engine()
  const told: string[] = []
  let total = 0
  const lines = (minute: number): LogRecord[] => {
    const isBad = minute >= 40 && minute < 45
    const bodies = isBad
      ? Array.from({ length: 60 }, () => 'ledger cannot be reached')
      : ['all is well', 'retry of a call']
    return bodies.map((body) => record(minute * MINUTE + 1, body, body === 'all is well' ? 'info' : 'error'))
  }
  for (let minute = 0; minute < 100; minute++) {
    if (cuts.includes(minute)) {
      const bytes = logs.save()
      ;({ logs, events, samples } = engine())
      logs.load(bytes)
    }
    const from = minute === 60 ? 30 : minute
    if (minute < 30 || minute >= 60) for (let i = from; i <= minute; i++) logs.logs(lines(i))
    logs.tick((minute + 1) * MINUTE)
    for (const { type, at_ms, finding } of events.splice(0)) {
      const { rule, since_ms, last_ms, value, evidence } = finding
      told.push(
        `${minute}: ${type} @${at_ms / MINUTE} ${rule} ${since_ms / MINUTE}-${last_ms / MINUTE} ${value} ${evidence}`,
      )
    }
    for (const [name, , value] of samples.splice(0)) if (name.includes('error')) total = Math.max(total, value)
  }
  return { told, state: Buffer.from(logs.save()).toString(), total }
}

test('what comes half an hour late is counted, and told as what it was and when; restart or not', () => {
  const whole = outage()
  expect(whole.told).toEqual([
    '61: opened @41 LateErrorBurst 41-41 60 true',
    '61: opened @41 NewErrorTemplate 41-41 60 true',
    ...[42, 43, 44, 45].map((at) => `61: updated @${at} LateErrorBurst 41-${at} 60 true`),
    '61: closed @60 LateErrorBurst 41-45 60 true',
    '61: closed @56 NewErrorTemplate 41-41 60 true',
  ])
  expect(whole.total).toBe(5 * 60)
  for (const cut of [45, 60, 61, 62, 63]) expect(outage(cut), `cut at ${cut}`).toEqual(whole)
})

test('what is more than a day late is counted and not told', () => {
  const { logs, events, samples } = engine()
  const day = 24 * 60
  for (let minute = 0; minute < 2 * day; minute += 10) {
    logs.logs([record(minute * MINUTE, 'all is well')])
    logs.tick((minute + 1) * MINUTE)
  }
  samples.length = 0
  logs.logs(Array.from({ length: 100 }, () => record(day * MINUTE, 'disk is gone', 'error')))
  for (let minute = 2 * day; minute < 2 * day + 9; minute++) logs.tick((minute + 1) * MINUTE)
  expect(events).toEqual([])
  expect(samples.findLast(([name]) => name.includes('error'))?.[2]).toBe(100)
})
