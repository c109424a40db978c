import { describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { DAY, HOUR, MINUTE, SECOND, series, Stand, START } from './stand.ts'

const range = (from_ms: number, to_ms: number, every_ms = MINUTE) => ({ from_ms, to_ms, every_ms })
const rules = (...texts: string[]): string =>
  `groups:\n  - name: g\n    interval: 1m\n    rules:\n${texts.map((text) => `      - {${text}}\n`).join('')}`
const SUM = 'record: "m:sum", expr: "sum by (service) (m)"'
const m = (service: string) => ({ __name__: 'm', service })

describe('what it costs', () => {
  test('a rule without series asks nothing', async () => {
    const stand = new Stand({
      rules: rules(SUM, 'alert: A, expr: m > 1', 'anomaly: B, expr: sum(m)', 'forecast: c, expr: sum(m)'),
    })
    await stand.run(START + HOUR, 15 * SECOND)
    expect(stand.query.count).toBe(0)
    expect(stand.forecasts).toEqual([])
    expect(stand.engine.groups()[0]?.rules.map(({ health }) => health)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  test('a rule whose series have ended asks nothing, and nothing twice', async () => {
    const stand = new Stand({ rules: rules('alert: A, expr: m > 1') })
    await stand.live(
      series(m('a'), range(START, START + 10 * MINUTE), () => 2),
      START + HOUR,
    )
    expect(stand.query.steps).toBe(15)
    expect(stand.happened().map(([type]) => type)).toEqual(['firing', 'resolved'])
  })

  test('steps that are behind are one range query', async () => {
    const stand = new Stand({ rules: rules(SUM) })
    stand.feed(series(m('a'), range(START - DAY, START), () => 2))
    await stand.run(START + 9 * SECOND)
    expect([stand.query.count, stand.query.steps]).toEqual([1, 1440])
  })
})

describe('history', () => {
  test('is waited for while it comes, and not for longer than that', async () => {
    const stand = new Stand({ rules: rules(SUM) })
    for (let second = 0; second < 30; second++) {
      stand.feed(series(m(`s${second}`), range(START - HOUR, START - 30 * MINUTE), () => second))
      await stand.run(stand.now_ms + SECOND)
      if (second === 10) expect(stand.query.count).toBe(0)
    }
    await stand.run(stand.now_ms + 10 * SECOND)
    const recorded = Object.values(stand.read('m:sum'))
    expect(recorded).toHaveLength(30)
    for (const points of recorded) expect(points).toHaveLength(30)
  })

  test('of a new series that comes after the mark is recorded and judged too, and what was there stays', async () => {
    const stand = new Stand({ rules: rules(SUM, 'anomaly: U, expr: "sum by (service) (m)"') })
    stand.now_ms = START - 2 * MINUTE
    await stand.live(
      series(m('a'), range(START - 2 * MINUTE, START + 5 * MINUTE), () => 1),
      START + 5 * MINUTE,
    )
    const before = stand.read('m:sum')['{service="a"}']
    stand.feed(series(m('b'), range(START - DAY, START + 5 * MINUTE), () => 2))
    await stand.run(stand.now_ms + 10 * SECOND)
    expect(stand.read('m:sum')['{service="a"}']).toEqual([...(before ?? []), [300, 1]])
    expect(stand.read('m:sum')['{service="b"}']).toHaveLength(1446)
    // Recorded series are judged like any other, each sample once.
    expect(stand.judged.recorded).toHaveLength(8 + 1446)
    expect(stand.judged.values.get('U {service="b"}')).toHaveLength(1446)
    // Only where the rule has input: what came for others costs it nothing.
    const { steps } = stand.query
    stand.feed(series({ __name__: 'other' }, range(START - 9 * DAY, START - 8 * DAY), () => 2))
    await stand.run(stand.now_ms + 10 * SECOND)
    expect(stand.query.steps - steps).toBeLessThan(2 * 1450)
  })

  test('a backlog is evaluated as far as its source is known to have come', async () => {
    const stand = new Stand({ rules: rules('alert: A, expr: m > 1', 'alert: B, expr: absent(m)') })
    const samples = series(m('a'), range(START - HOUR, START), (time) => (time < START - 30 * MINUTE ? 2 : 0))
    for (let from = 0; from < samples.length; from += 10) {
      const piece = samples.slice(from, from + 10)
      stand.feed(piece)
      for (let i = 0; i < 4; i++) await stand.tick(stand.now_ms + SECOND, piece.at(-1)?.time_ms)
    }
    await stand.run(START + 2 * MINUTE)
    expect(stand.happened().filter(([, , labels]) => labels.includes('"A"'))).toEqual([
      ['firing', -3600, '{alertname="A", service="a"}'],
      ['resolved', -1800, '{alertname="A", service="a"}'],
    ])
    expect(stand.happened().filter(([, , labels]) => labels.includes('"B"'))).toEqual([])
  })

  test('is forecast from its newest step only', async () => {
    const stand = new Stand({ rules: rules('forecast: d, expr: sum(m)') })
    stand.feed(series(m('a'), range(START - DAY, START), () => 2))
    await stand.run(START + 3 * MINUTE)
    expect(stand.forecasts.map(([, at]) => (at - START) / SECOND)).toEqual([-60, 0, 60, 120])
  })
})

describe('a reload', () => {
  const alert = 'alert: A, expr: m > 1, for: 5m'
  const samples = series(m('a'), range(START, START + 30 * MINUTE), () => 2)

  test('keeps what is pending', async () => {
    const stand = new Stand({ rules: rules(alert) })
    await stand.live(
      samples.filter(({ time_ms }) => time_ms <= START + 3 * MINUTE),
      START + 3 * MINUTE,
    )
    stand.setRules(rules(SUM, alert.replace('5m', '10m')))
    await stand.live(
      samples.filter(({ time_ms }) => time_ms > START + 3 * MINUTE),
      START + 30 * MINUTE,
    )
    expect(stand.happened()).toEqual([['firing', 600, '{alertname="A", service="a"}']])
    expect(stand.read('m:sum')['{service="a"}']).toHaveLength(30)
  })

  test('that changes the interval goes on at steps of the new one', async () => {
    const stand = new Stand({ rules: rules(SUM).replace('1m', '15s') })
    const quick = series(m('a'), range(START, START + 5 * MINUTE, 15 * SECOND), () => 2)
    await stand.live(
      quick.filter(({ time_ms }) => time_ms <= START + 100 * SECOND),
      START + 100 * SECOND,
    )
    stand.setRules(rules(SUM))
    await stand.live(
      quick.filter(({ time_ms }) => time_ms > START + 100 * SECOND),
      START + 5 * MINUTE,
    )
    expect(stand.read('m:sum')['{service="a"}']?.map(([at]) => at)).toEqual([0, 15, 30, 45, 60, 75, 90, 120, 180, 240])
  })

  test('resolves what is gone, and marks its series stale', async () => {
    const stand = new Stand({ rules: rules(SUM, alert) })
    await stand.live(samples, START + 10 * MINUTE)
    stand.setRules('groups: []')
    expect(stand.happened().map(([type, at]) => [type, at])).toEqual([
      ['firing', 300],
      ['resolved', 600],
    ])
    expect(stand.read('m:sum')['{service="a"}']?.at(-1)).toEqual([600, NaN])
    expect(Object.values(stand.read('ALERTS')).map((points) => points.at(-1)?.[1])).toEqual([NaN, NaN])
    expect(stand.engine.active()).toEqual([])
  })
})

describe('a rule that fails', () => {
  const quiet = series(m('a'), range(START, START + 20 * MINUTE), () => 2)

  test('does not stop the others, is counted each time and told once', async () => {
    const stand = new Stand({ rules: rules('record: bad, expr: m * 2', SUM) })
    stand.query.fail = (expr) => {
      if (expr === 'm * 2') throw new ServiceError('execution', 'too many samples')
    }
    await stand.live(quiet, START + 20 * MINUTE)
    expect(stand.told).toEqual(['a rule cannot be evaluated: bad'])
    expect(stand.counts.get('barograph.rules.failures')).toBe(20)
    expect(stand.read('m:sum')['{service="a"}']).toHaveLength(20)
    expect(stand.engine.groups()[0]?.rules[0]).toMatchObject({ health: 'err', last_error: 'too many samples' })
    stand.query.fail = () => {}
    await stand.live(
      series(m('a'), range(START + 21 * MINUTE, START + 25 * MINUTE), () => 2),
      START + 25 * MINUTE,
    )
    expect(stand.engine.groups()[0]?.rules[0]).toMatchObject({ health: 'ok', last_error: '' })
  })

  test.each([['live'], ['at once']])('at one step loses that step only: %s', async (how) => {
    const stand = new Stand({ rules: rules('alert: A, expr: m > 1, for: 2m', SUM) })
    const bad_ms = START + 7 * MINUTE
    stand.query.fail = (_expr, from_ms, to_ms) => {
      if (from_ms <= bad_ms && bad_ms <= to_ms) throw new ServiceError('execution', 'many-to-many')
    }
    if (how === 'live') await stand.live(quiet, START + 20 * MINUTE)
    else {
      stand.now_ms = START + 20 * MINUTE
      stand.feed(quiet)
      await stand.run(START + 21 * MINUTE)
    }
    expect(stand.happened()).toEqual([['firing', 120, '{alertname="A", service="a"}']])
    const steps = stand.read('m:sum')['{service="a"}']?.map(([at]) => at / 60)
    expect(steps?.slice(0, 19)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect(stand.counts.get('barograph.rules.failures')).toBe(2)
  })

  test('at every step gives up soon', async () => {
    const stand = new Stand({ rules: rules(SUM) })
    stand.query.fail = () => {
      throw new ServiceError('execution', 'no')
    }
    stand.feed(series(m('a'), range(START - 9 * DAY, START), () => 2))
    await stand.run(START + 20 * SECOND)
    expect(stand.query.count).toBeLessThan(300)
    stand.query.fail = () => {}
    await stand.live(
      series(m('a'), range(START + MINUTE, START + 5 * MINUTE), () => 2),
      START + 5 * MINUTE,
    )
    expect(stand.read('m:sum')['{service="a"}']?.length).toBe(4)
  })

  test('whose labels make two results one says so and goes on when they are one again', async () => {
    const stand = new Stand({
      rules: rules('record: r, expr: m, labels: {service: x}', 'alert: A, expr: m > 1, labels: {service: x}'),
    })
    const two = series(m('b'), range(START + 5 * MINUTE, START + 9 * MINUTE), () => 2)
    const both = [...quiet, ...two].toSorted((a, b) => a.time_ms - b.time_ms)
    const live = new Stand({
      rules: rules('record: r, expr: m, labels: {service: x}', 'alert: A, expr: m > 1, labels: {service: x}'),
    })
    await live.live(both, START + 20 * MINUTE)
    stand.now_ms = START + 20 * MINUTE
    stand.feed(both)
    await stand.run(START + 20 * MINUTE + 5 * SECOND)
    for (const one of [live, stand]) {
      expect(one.happened()).toEqual([['firing', 0, '{alertname="A", service="x"}']])
      expect(one.told.length).toBeGreaterThanOrEqual(1)
      expect(one.read('r')).toEqual(live.read('r'))
    }
    expect(live.read('r')['{service="x"}']?.map(([at]) => at / 60)).toEqual([0, 1, 2, 3, 4, 14, 15, 16, 17, 18, 19])
  })

  test('has more series than its group may: those steps are passed over', async () => {
    const stand = new Stand({
      rules: rules('record: r, expr: m').replace('interval: 1m', 'interval: 1m\n    limit: 1'),
    })
    const two = series(m('b'), range(START + 30 * MINUTE, START + 40 * MINUTE), () => 2)
    stand.now_ms = START + 40 * MINUTE
    stand.feed([...quiet, ...two])
    await stand.run(START + 40 * MINUTE + 15 * SECOND)
    expect(stand.told).toEqual([])
    expect(Object.keys(stand.read('r'))).toEqual(['{service="a"}', '{service="b"}'])
  })

  test('has more alerts than its group may: they are forgotten, not resolved, and the rule says so', async () => {
    const stand = new Stand({
      rules: rules('alert: A, expr: m > 0').replace('interval: 1m', 'interval: 1m\n    limit: 1'),
    })
    const from = (service: string, minutes: readonly [number, number]) =>
      series(m(service), range(START + minutes[0] * MINUTE, START + minutes[1] * MINUTE), () => 1)
    const fed = [
      ...from('a', [0, 10]),
      ...from('b', [3, 5]),
      ...series(m('b'), range(START + 5.5 * MINUTE, START + 10 * MINUTE), () => 0),
    ]
    await stand.live(fed, START + 4 * MINUTE + 15 * SECOND)
    expect(stand.engine.active()).toEqual([])
    expect(stand.engine.groups()[0]!.rules[0]).toMatchObject({
      health: 'err',
      last_error: 'exceeded limit of 1 with 2 alerts',
    })
    await stand.live(
      fed.filter(({ time_ms }) => time_ms > stand.now_ms),
      START + 8 * MINUTE,
    )
    expect(stand.happened()).toEqual([
      ['firing', 0, '{alertname="A", service="a"}'],
      ['forgotten', 180, '{alertname="A", service="a"}'],
      ['firing', 360, '{alertname="A", service="a"}'],
    ])
    expect(stand.read('ALERTS')).toEqual({
      '{alertname="A", alertstate="firing", service="a"}': [0, 60, 120, 360, 420].map((at) => [at, 1]),
    })
  })
})

test('findings and alerts of one tick are handed on in order of event time', async () => {
  const stand = new Stand({
    rules: rules('alert: A, expr: m > 5', 'alert: B, expr: m > 2', 'anomaly: U, expr: sum(m)'),
  })
  stand.feed(series(m('a'), range(START - HOUR, START), (time) => ((time - START) / MINUTE + 60) % 10))
  await stand.run(START + 20 * SECOND)
  const times = stand.events.map(({ at_ms }) => at_ms)
  expect(times.length).toBeGreaterThan(20)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(stand.judged.flushes).toBeGreaterThan(0)
})
