// Rules of an upstream that was away itself: what it says of that time is nothing, and nothing follows from it.
import { describe, expect, test } from 'vitest'

import type { ResultSeries } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { MINUTE, SECOND, Stand, START } from './stand.ts'

const STEP = 30 * SECOND
const RULES = `
groups:
  - name: there
    interval: 30s
    datasource: prom
    rules:
      - {record: 'job:load:sum', expr: sum by (job) (load)}
      - {alert: Busy, expr: load > 5, for: 4m}
      - {alert: Absent, expr: absent(load)}
      - {alert: Recorded, expr: 'job:load:sum > 5'}
      - {alert: NotRecorded, expr: 'absent(job:load:sum)'}
      - {anomaly: Odd, expr: sum(load)}
      - {anomaly: RecordedOdd, expr: 'job:load:sum'}
`

const series = (labels: Record<string, string>, steps: readonly number[]): ResultSeries => ({
  labels: Labels.of(labels),
  time_ms: Float64Array.from(steps),
  value: Float64Array.from(steps, () => 9),
})

class Upstream {
  readonly stand: Stand

  constructor(rules = RULES) {
    this.stand = new Stand({ rules })
  }

  /** Answers all rules for the steps between two minutes, the last excluded. */
  async answer(from: number, to: number, what: 'values' | 'nothing' | 'away'): Promise<void> {
    const [from_ms, to_ms] = [START + from * MINUTE, START + to * MINUTE - STEP]
    const steps = Array.from({ length: (to_ms - from_ms) / STEP + 1 }, (_, i) => from_ms + i * STEP)
    const results: Record<string, ResultSeries[]> = {
      'sum by (job) (load)': [series({ job: 'a' }, steps)],
      'load > 5': [series({ __name__: 'load', job: 'a' }, steps)],
      'sum(load)': [series({}, steps)],
    }
    const answers = this.stand.engine.questions().map(({ rule, expr }) => ({
      rule,
      expr,
      from_ms,
      to_ms,
      step_ms: STEP,
      series: what === 'values' ? (results[expr] ?? []) : [],
      error: what === 'away' ? 'it was away' : '',
      ...(what === 'away' && { away: true }),
    }))
    await this.stand.engine.answered('prom', answers)
    // As those who ask it do, some time after the steps.
    await this.stand.tick(to_ms + STEP)
  }
}

const known = ({ stand }: Upstream): number[] => [...stand.judged.until.values()].map((ms) => (ms - START) / MINUTE)

describe('while nothing is known', () => {
  test('alerts stay as they are, and what is absent is not missed, here and there', async () => {
    const upstream = new Upstream()
    await upstream.answer(0, 5, 'values')
    const before = upstream.stand.happened()
    expect(before.map(([what, , labels]) => [what, labels])).toEqual([
      ['firing', '{alertname="Busy", job="a"}'],
      ['firing', '{alertname="Recorded", job="a"}'],
    ])
    await upstream.answer(5, 25, 'away')
    expect(upstream.stand.happened()).toEqual(before)
    expect(upstream.stand.engine.active().map(({ state }) => state)).toEqual(['firing', 'firing'])
    const [group] = upstream.stand.engine.groups()
    expect(group!.rules.filter(({ health }) => health === 'err').map(({ name }) => name)).toEqual([
      'job:load:sum',
      'Busy',
      'Absent',
      'Recorded',
      'NotRecorded',
      'Odd',
    ])
    await upstream.answer(25, 30, 'values')
    expect(upstream.stand.happened()).toEqual(before)
    expect(upstream.stand.engine.groups()[0]!.rules.map(({ health }) => health)).toEqual(Array(7).fill('ok'))
    expect(upstream.stand.told).toEqual([])
  })

  test('what is pending does not come nearer to firing', async () => {
    const upstream = new Upstream()
    await upstream.answer(0, 1, 'values')
    await upstream.answer(1, 60, 'away')
    await upstream.answer(60, 63, 'values')
    const fired = (): number[] =>
      upstream.stand
        .happened()
        .filter(([, , labels]) => labels.includes('Busy'))
        .map(([, at]) => at / 60)
    expect(fired()).toEqual([])
    await upstream.answer(63, 65, 'values')
    // Four minutes of which it is known.
    expect(fired()).toEqual([63])
  })

  test('what has ended meanwhile ends at the first step that is known', async () => {
    const upstream = new Upstream()
    await upstream.answer(0, 5, 'values')
    await upstream.answer(5, 25, 'away')
    await upstream.answer(25, 26, 'nothing')
    expect(upstream.stand.happened().filter(([what]) => what === 'resolved')).toEqual([
      ['resolved', 25 * 60, '{alertname="Busy", job="a"}'],
      ['resolved', 25 * 60, '{alertname="Recorded", job="a"}'],
    ])
  })

  test('that is so for what is recorded from what was recorded, however far', async () => {
    const chain = `
      - {record: 'job:load:half', expr: 'job:load:sum / 2'}
      - {alert: Half, expr: 'job:load:half > 4'}
      - {alert: NoHalf, expr: 'absent(job:load:half)'}`
    const upstream = new Upstream(`${RULES.trimEnd()}${chain}`)
    await upstream.answer(0, 5, 'values')
    // Time goes on, and nothing is known of it.
    await upstream.stand.run(START + 20 * MINUTE, 10 * SECOND)
    await upstream.answer(5, 25, 'away')
    await upstream.answer(25, 27, 'values')
    const told = upstream.stand.happened().filter(([, , labels]) => labels.includes('Half'))
    expect(told).toEqual([['firing', 0, '{alertname="Half", job="a"}']])
    expect(upstream.stand.read('job:load:half')['{job="a"}']!.map(([at]) => at / 60)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => i / 2),
      25,
      25.5,
      26,
      26.5,
    ])
  })

  test('recorded series have a gap, and no end', async () => {
    const upstream = new Upstream()
    await upstream.answer(0, 2, 'values')
    await upstream.answer(2, 4, 'away')
    await upstream.answer(4, 5, 'values')
    expect(upstream.stand.read('job:load:sum')).toEqual({
      '{job="a"}': [0, 0.5, 1, 1.5, 4, 4.5].map((minute) => [minute * 60, 9]),
    })
  })

  test('silence of what anomaly rules read means nothing', async () => {
    const upstream = new Upstream()
    await upstream.answer(0, 5, 'values')
    expect(known(upstream)).toEqual([4.5, 4.5])
    await upstream.stand.tick(START + 20 * MINUTE)
    expect(known(upstream)).toEqual([4.5, 4.5])
    await upstream.answer(5, 25, 'away')
    expect(known(upstream)).toEqual([4.5, 4.5])
    await upstream.answer(25, 26, 'values')
    expect(known(upstream)).toEqual([25.5, 25.5])
  })

  test('a restart in between changes nothing', async () => {
    const upstream = new Upstream()
    await upstream.answer(0, 1, 'values')
    await upstream.answer(1, 60, 'away')
    const saved = upstream.stand.engine.save()
    upstream.stand.setRules(RULES)
    upstream.stand.engine.load(saved)
    await upstream.answer(60, 65, 'values')
    expect(upstream.stand.happened().map(([what, at, labels]) => [what, at / 60, labels])).toEqual([
      ['firing', 0, '{alertname="Recorded", job="a"}'],
      ['firing', 63, '{alertname="Busy", job="a"}'],
    ])
    expect(known(upstream)).toEqual([64.5, 64.5])
  })
})
