import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { DAY, type Fed, HOUR, MINUTE, SECOND, series, Stand, START } from './stand.ts'

const errors = { __name__: 'errors', service: 'checkout' }
const every = (every_ms: number, to_ms: number, from_ms = START) => ({ from_ms, to_ms, every_ms })

const HIGH = `
groups:
  - name: limits
    interval: 1m
    rules:
      - alert: ErrorsHigh
        expr: errors > 5
        for: 2m
        labels: {severity: critical}
        annotations: {summary: 'errors {{ $value }}'}
`
const CHECKOUT = 'alertname="ErrorsHigh", service="checkout", severity="critical"'

/** 10 in the minutes from..to, else 1. */
const high =
  (from: number, to: number) =>
  (time_ms: number): number =>
    time_ms >= START + from * MINUTE && time_ms < START + to * MINUTE ? 10 : 1

describe('an alert', () => {
  test('pends, fires after its time and resolves, at steps', async () => {
    const stand = new Stand({ rules: HIGH })
    const samples = series(errors, every(15 * SECOND, START + 20 * MINUTE), high(5, 10))
    await stand.live(samples, START + 6 * MINUTE)
    expect(stand.engine.active()).toMatchObject([{ state: 'pending', active_ms: START + 5 * MINUTE, value: 10 }])
    await stand.live(
      samples.filter(({ time_ms }) => time_ms > stand.now_ms),
      START + 20 * MINUTE,
    )
    expect(stand.happened()).toEqual([
      ['firing', 420, `{${CHECKOUT}}`],
      ['resolved', 600, `{${CHECKOUT}}`],
    ])
    expect(stand.events[0]?.alert).toMatchObject({
      rule: 'ErrorsHigh',
      group: 'limits',
      annotations: { summary: 'errors 10' },
      active_ms: START + 5 * MINUTE,
      fired_ms: START + 7 * MINUTE,
      interval_ms: MINUTE,
      expr: 'errors > 5',
    })
    expect(stand.events[1]?.alert).toMatchObject({ state: 'resolved', resolved_ms: START + 10 * MINUTE })
    expect(stand.engine.active()).toEqual([])
  })

  test('is written as ALERTS and ALERTS_FOR_STATE, each stale when it is over', async () => {
    const stand = new Stand({ rules: HIGH })
    await stand.live(series(errors, every(MINUTE, START + 12 * MINUTE), high(5, 9)), START + 12 * MINUTE)
    expect(stand.read('ALERTS')).toEqual({
      [`{alertname="ErrorsHigh", alertstate="pending", service="checkout", severity="critical"}`]: [
        [300, 1],
        [360, 1],
        [420, NaN],
      ],
      [`{alertname="ErrorsHigh", alertstate="firing", service="checkout", severity="critical"}`]: [
        [420, 1],
        [480, 1],
        [540, NaN],
      ],
    })
    const active = START / 1000 + 300
    expect(stand.read('ALERTS_FOR_STATE')).toEqual({
      [`{${CHECKOUT}}`]: [
        [300, active],
        [360, active],
        [420, active],
        [480, active],
        [540, NaN],
      ],
    })
  })

  test('resolves when its input pauses, at the first step that does not see it any more', async () => {
    const stand = new Stand({ rules: HIGH })
    await stand.live(series(errors, every(15 * SECOND, START + 10 * MINUTE), high(5, 99)), START + 30 * MINUTE)
    expect(stand.happened().map(([type, at]) => [type, at])).toEqual([
      ['firing', 420],
      ['resolved', 900],
    ])
  })

  test('resolves at that step too when time leapt over it', async () => {
    const stand = new Stand({ rules: HIGH })
    await stand.live(series(errors, every(15 * SECOND, START + 10 * MINUTE), high(5, 99)), START + 10 * MINUTE)
    await stand.tick(START + 2 * HOUR)
    expect(stand.events).toHaveLength(1)
    await stand.run(START + 2 * HOUR + 6 * MINUTE)
    expect(stand.happened().map(([type, at]) => [type, at])).toEqual([
      ['firing', 420],
      ['resolved', 900],
    ])
  })

  test('of absence speaks without input, ends with it, and speaks again', async () => {
    const rules = HIGH.replace('errors > 5', 'absent(errors{service="checkout"})')
    const stand = new Stand({ rules })
    await stand.run(START + 5 * MINUTE)
    const samples = series(errors, every(15 * SECOND, START + 12 * MINUTE, START + 6 * MINUTE), () => 1)
    await stand.live(samples, START + 30 * MINUTE)
    expect(stand.happened().map(([type, at]) => [type, at])).toEqual([
      ['firing', 60],
      ['resolved', 360],
      ['firing', 1140],
    ])
  })

  test('of absence does not speak of the time in which nobody listened', async () => {
    const rules = HIGH.replace('errors > 5', 'absent(errors)')
    const stand = new Stand({ rules })
    await stand.live(
      series(errors, every(15 * SECOND, START + 10 * MINUTE), () => 1),
      START + 10 * MINUTE,
    )
    await stand.tick(START + DAY)
    await stand.live(
      series(errors, every(15 * SECOND, START + DAY + HOUR, START + DAY + 15 * SECOND), () => 1),
      START + DAY + HOUR,
    )
    expect(stand.engine.active()).toEqual([])
    // The day without data is a fact of the past; that it fired is told with its end.
    expect(stand.happened().map(([type]) => type)).toEqual(['firing', 'resolved'])
  })

  test('keeps firing for as long as it is told to', async () => {
    const stand = new Stand({ rules: HIGH.replace('for: 2m', 'for: 2m\n        keep_firing_for: 3m') })
    await stand.live(series(errors, every(15 * SECOND, START + 20 * MINUTE), high(5, 10)), START + 20 * MINUTE)
    expect(stand.happened().map(([type, at]) => [type, at])).toEqual([
      ['firing', 420],
      ['resolved', 780],
    ])
  })
})

const CHAIN = `
groups:
  - name: chain
    interval: 1m
    rules:
      - record: errors:sum
        expr: sum by (service) (errors)
      - alert: SumHigh
        expr: errors:sum > 9
        for: 3m
        labels: {severity: '{{ if gt $value 14.0 }}critical{{ else }}warning{{ end }}'}
      - anomaly: RatioUnusual
        expr: sum(errors) / count(errors)
  - name: quick
    interval: 15s
    rules:
      - alert: Spike
        expr: max by (service) (max_over_time(errors[30s])) > 12
      - alert: Gone
        expr: absent(errors{service="cart"})
        for: 5m
`

/** Two services over `minutes`, a sample each 30 s: waves, a spike, and a pause of the cart. */
function story(minutes: number): Fed[] {
  const range = every(30 * SECOND, START + minutes * MINUTE)
  const wave = (time_ms: number): number => Math.round(6 + 5 * Math.sin((time_ms - START) / (37 * MINUTE)))
  const spike = (time_ms: number): number => (((time_ms - START) / MINUTE) % 101 === 50 ? 9 : 0)
  const paused = (time_ms: number): boolean => Math.floor((time_ms - START) / MINUTE) % 240 > 200
  return [
    ...series(errors, range, (time) => wave(time) + spike(time)),
    ...series({ __name__: 'errors', service: 'cart' }, range, (time) => (paused(time) ? undefined : wave(time + HOUR))),
  ].toSorted((a, b) => a.time_ms - b.time_ms)
}

/** Private fields are not compared: labels as text. What waits for the end of history is told later, hence the order. */
const result = (stand: Stand) => ({
  events: stand.events
    .map(({ alert, ...event }) => ({ ...event, alert: { ...alert, labels: String(alert.labels) } }))
    .toSorted((a, b) => a.at_ms - b.at_ms || (a.alert.labels < b.alert.labels ? -1 : 1)),
  recorded: stand.read('errors:sum'),
  alerts: stand.read('ALERTS'),
  since: stand.read('ALERTS_FOR_STATE'),
  judged: [...stand.judged.values].toSorted(([a], [b]) => (a < b ? -1 : 1)),
})

async function lived(samples: readonly Fed[], to_ms: number): Promise<Stand> {
  const stand = new Stand({ rules: CHAIN })
  await stand.live(samples, to_ms, 15 * SECOND)
  return stand
}

describe('the same samples give the same events and series', () => {
  const end_ms = START + 10 * HOUR
  const samples = story(10 * 60)
  /** Long after the end, so that all of it is history, and then long enough for it to be over. */
  const later_ms = end_ms + 40 * MINUTE

  test('live and in one go', async () => {
    const live = await lived(samples, later_ms)
    expect(live.events.length).toBeGreaterThan(12)
    const once = new Stand({ rules: CHAIN })
    once.now_ms = end_ms + 20 * MINUTE
    once.feed(samples)
    await once.run(later_ms)
    expect(result(once)).toEqual(result(live))
  })

  test('live and in random pieces in order of time, with ticks between', async () => {
    const short = samples.filter(({ time_ms }) => time_ms < START + 5 * HOUR)
    const over_ms = START + 6 * HOUR
    const live = await lived(short, over_ms)
    const cuts = fc.array(
      fc.record({ at: fc.integer({ min: 1, max: 5 * 120 }), wait_ms: fc.constantFrom(0, 1000, 3000, 20_000) }),
      {
        maxLength: 6,
      },
    )
    await fc.assert(
      fc.asyncProperty(cuts, async (pieces) => {
        const stand = new Stand({ rules: CHAIN })
        stand.now_ms = START + 5 * HOUR + 20 * MINUTE
        let rest = short
        for (const { at, wait_ms } of pieces.toSorted((a, b) => a.at - b.at)) {
          const until_ms = START + at * 30 * SECOND
          const piece = rest.filter(({ time_ms }) => time_ms < until_ms)
          rest = rest.filter(({ time_ms }) => time_ms >= until_ms)
          if (piece.length > 0) stand.feed(piece)
          await stand.run(stand.now_ms + wait_ms)
        }
        stand.feed(rest)
        await stand.run(over_ms)
        expect(result(stand)).toEqual(result(live))
      }),
      { numRuns: 15 },
    )
  })

  test('whether or not the process is stopped and loaded in between', async () => {
    const short = samples.filter(({ time_ms }) => time_ms < START + 4 * HOUR)
    const live = await lived(short, START + 4 * HOUR)
    const first = new Stand({ rules: CHAIN })
    let stand = first
    for (let hour = 1; hour <= 8; hour++) {
      const [from, to] = [stand.now_ms, START + hour * 30 * MINUTE]
      await stand.live(
        short.filter(({ time_ms }) => time_ms > from || from === START),
        to,
        15 * SECOND,
      )
      const next = new Stand({ rules: CHAIN })
      next.store.load(stand.store.save())
      next.engine.load(stand.engine.save())
      next.now_ms = stand.now_ms
      next.events.push(...stand.events)
      for (const [key, values] of stand.judged.values) next.judged.values.set(key, values)
      next.judged.keys.push(...stand.judged.keys)
      expect(next.engine.save()).toEqual(stand.engine.save())
      stand = next
    }
    expect(result(stand)).toEqual(result(live))
  })
})
