// A clock that is an hour off, ours or a sender's: what is told, and that rules go on when it is right again.
import { afterEach, describe, expect, test } from 'vitest'

import type { Log } from '#core/ports/log.ts'

import { countingMeter } from '../../collector/testing/decoding.fixture.ts'
import { Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'
import { gauges, logs } from './shop.ts'

const HOUR = 60 * MINUTE
const RULES = `
groups:
  - name: tests
    interval: 1s
    rules:
      - alert: High
        expr: level > 100
        for: 5s
      - record: twice:level
        expr: level * 2
      - anomaly: Odd
        expr: level * 3
`

let running: Barograph | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

async function started(begin_ms = BEGIN, data?: string) {
  const said: string[] = []
  const log: Log = { debug() {}, info() {}, error() {}, warn: (message) => said.push(message) }
  const meter = countingMeter()
  const more = data === undefined ? {} : { data }
  running = await Barograph.start({ rules: RULES, set: ['lateness=1s'], log, meter, begin_ms, ...more })
  return { barograph: running, counts: meter.counts, said }
}

const post = (barograph: Barograph, time_ms: number, value: number): Promise<Response> =>
  barograph.post('/v1/metrics', gauges('level', '', time_ms, { shop: value }))

/** Seconds in which a sender whose clock is `off_ms` off says `value`. */
async function told(barograph: Barograph, seconds: number, value: number, off_ms = 0): Promise<void> {
  await barograph.pass(seconds * SECOND, async (now_ms) => {
    expect((await post(barograph, now_ms + off_ms, value)).status).toBe(200)
  })
}

async function firing(barograph: Barograph): Promise<string[]> {
  const { data } = await barograph.get<{ data: { alerts: { state: string; activeAt: string }[] } }>('/api/v1/alerts')
  return data.alerts.map(({ state, activeAt }) => `${state} since ${activeAt.slice(11, 16)}`)
}

async function count(barograph: Barograph, selector: string, time_ms: number): Promise<number> {
  const parameters = new URLSearchParams({ query: `count_over_time(${selector}[5m])`, time: String(time_ms / 1000) })
  const { data } = await barograph.get<{ data: { result: { value: [number, string] }[] } }>(
    `/api/v1/query?${parameters.toString()}`,
  )
  return Number(data.result[0]?.value[1] ?? 0)
}

describe('our clock', () => {
  test('that was an hour ahead and is set right: rules go on at once, and it is told and counted', async () => {
    const { barograph, counts, said } = await started()
    await told(barograph, 10, 1)
    // What senders say is of now all the while.
    barograph.clock.set(barograph.now_ms + HOUR)
    await told(barograph, 20, 1, -HOUR)
    expect(counts['barograph.clock.leaps{direction=ahead}']).toBe(1)
    barograph.clock.set(barograph.now_ms - HOUR)
    await told(barograph, 5, 1)
    expect(counts['barograph.clock.leaps{direction=back}']).toBe(1)
    expect(said.filter((message) => /clock/.test(message))).toEqual([
      expect.stringContaining('leapt ahead'),
      expect.stringContaining('was set back'),
    ])
    expect(await firing(barograph)).toEqual([])
    await told(barograph, 10, 500)
    expect(await firing(barograph)).toEqual(['firing since 10:00'])
    await told(barograph, 5, 1)
    expect(await firing(barograph)).toEqual([])
    // Each sample is there once, and so is each result.
    expect(await count(barograph, 'level', barograph.now_ms)).toBe(10 + 20 + 5 + 10 + 5)
    expect(await count(barograph, 'twice:level', barograph.now_ms)).toBeGreaterThan(10 + 20 + 5 + 10)
  })

  test('that was an hour ahead and gave its time to what was scraped or sent: the same series go on at once', async () => {
    const { barograph, counts } = await started()
    await told(barograph, 10, 1)
    barograph.clock.set(barograph.now_ms + HOUR)
    await told(barograph, 20, 1)
    barograph.clock.set(barograph.now_ms - HOUR)
    const judged = counts['barograph.detectors.judged{}'] ?? 0
    await told(barograph, 10, 500)
    expect(await firing(barograph)).toContainEqual(expect.stringContaining('firing since 10:00'))
    await told(barograph, 10, 1)
    expect((await firing(barograph)).filter((alert) => alert.includes('since 10:'))).toEqual([])
    expect(counts['barograph.detectors.judged{}']! - judged).toBeGreaterThanOrEqual(15)
    // The first one came before the tick that knew of it.
    expect(await count(barograph, 'level', barograph.now_ms)).toBeGreaterThanOrEqual(10 + 10 + 10 - 1)
  })

  test('that went back by an hour for a while: what it scraped and sent meanwhile is there and judged', async () => {
    const { barograph } = await started()
    await told(barograph, 10, 1)
    barograph.clock.set(barograph.now_ms - HOUR)
    await told(barograph, 20, 500)
    expect(await count(barograph, 'level', barograph.now_ms)).toBeGreaterThanOrEqual(20 - 1)
    expect(await firing(barograph)).toEqual(['firing since 09:00'])
    barograph.clock.set(barograph.now_ms + HOUR)
    await told(barograph, 20, 1)
    expect(await firing(barograph)).toEqual([])
    expect(await count(barograph, 'level', barograph.now_ms)).toBeGreaterThanOrEqual(10 + 20 - 1)
  })

  test('that is set back while an alert fires: it stays, and resolves when it is over', async () => {
    const { barograph } = await started()
    barograph.clock.set(BEGIN + HOUR)
    await told(barograph, 20, 500)
    expect(await firing(barograph)).toEqual(['firing since 11:00'])
    barograph.clock.set(BEGIN)
    // The series has samples of later: those of now come late for it, and another says what is.
    const other = (value: number) =>
      barograph.pass(10 * SECOND, async (now_ms) => {
        await barograph.post('/v1/metrics', gauges('level', '', now_ms, { other: value }))
      })
    await other(500)
    expect(await firing(barograph)).toContain('firing since 10:00')
    await other(1)
    expect(await firing(barograph)).toEqual([])
  })

  test('that was set back is so after a crash, too', async () => {
    const { barograph } = await started()
    barograph.clock.set(BEGIN + HOUR)
    await told(barograph, 5, 1, -HOUR)
    barograph.clock.set(BEGIN + MINUTE)
    await told(barograph, 5, 1)
    const data = barograph.diskNow()
    const { now_ms } = barograph
    await barograph.stop()
    const { barograph: again, counts } = await started(now_ms, data)
    expect(counts['barograph.clock.leaps{direction=back}']).toBeUndefined()
    await told(again, 10, 500)
    expect(await firing(again)).toEqual(['firing since 10:01'])
  })

  test('that is set right while we are away is told when we are back', async () => {
    const { barograph } = await started()
    barograph.clock.set(BEGIN + HOUR)
    await told(barograph, 5, 1, -HOUR)
    const data = barograph.diskNow()
    await barograph.stop()
    const { barograph: again, counts, said } = await started(BEGIN + MINUTE, data)
    expect(counts['barograph.clock.leaps{direction=back}']).toBe(1)
    expect(said).toContainEqual(expect.stringContaining('was set back'))
    await told(again, 10, 500)
    expect(await firing(again)).toEqual(['firing since 10:01'])
  })

  test('that was set back counts log records in the minutes that are', async () => {
    const { barograph } = await started()
    const say = () => barograph.post('/v1/logs', logs('shop', barograph.now_ms, 9, ['order taken']))
    barograph.clock.set(BEGIN + HOUR)
    await barograph.pass(2 * MINUTE)
    await say()
    barograph.clock.set(BEGIN)
    await say()
    await barograph.pass(3 * MINUTE)
    const query = encodeURIComponent('sum(barograph_log_records_total)')
    const { data } = await barograph.get<{ data: { result: { value: [number, string] }[] } }>(
      `/api/v1/query?query=${query}&time=${barograph.now_ms / 1000}`,
    )
    expect(data.result[0]?.value[1]).toBe('2')
  })

  test('that goes back a little stands still until it is there again', async () => {
    const { barograph, counts } = await started()
    await told(barograph, 10, 1)
    barograph.clock.set(barograph.now_ms - 30 * SECOND)
    await barograph.pass(20 * SECOND)
    expect(barograph.service.engine.analysis_ms).toBe(BEGIN + 10 * SECOND)
    expect(counts['barograph.clock.leaps{direction=back}']).toBeUndefined()
  })
})

describe('our clock, years off', () => {
  const YEAR = 365 * 24 * HOUR

  test('takes no history with it when it is set right within an hour, and nobody is refused meanwhile for his age', async () => {
    const { barograph, counts } = await started()
    await told(barograph, 10, 1)
    for (const off_ms of [2 * YEAR, -30 * YEAR]) {
      const right_ms = barograph.now_ms
      barograph.clock.set(right_ms + off_ms)
      // Long enough for a look at what is too old.
      await barograph.pass(10 * MINUTE, async (now_ms) => {
        if (now_ms % MINUTE === 0 && off_ms > 0) await post(barograph, now_ms - off_ms, 1)
      })
      barograph.clock.set(right_ms + 10 * MINUTE)
      await told(barograph, 10, 1)
      expect(await count(barograph, 'level', BEGIN + 10 * SECOND)).toBe(10)
    }
    expect(counts['barograph.store.samples{outcome=too_old}']).toBeUndefined()
    expect(counts['barograph.store.samples.dropped{reason=retention}']).toBeUndefined()
  })

  test('for hours leaves no series that waits for years: it goes on at once, and begins anew an hour after the clock is right', async () => {
    const { barograph } = await started()
    barograph.clock.set(BEGIN + 2 * YEAR)
    await told(barograph, 10, 1)
    barograph.clock.set(BEGIN)
    const status = async (): Promise<string> => {
      const answer = await post(barograph, barograph.now_ms, 1)
      return JSON.stringify(await answer.json())
    }
    await barograph.pass(MINUTE)
    expect(await status()).toBe('{}')
    await told(barograph, 3, 1)
    expect(await count(barograph, 'level', barograph.now_ms)).toBe(1 + 3)
    await barograph.pass(70 * MINUTE, async (now_ms) => {
      if (now_ms % MINUTE === 0) await barograph.post('/v1/metrics', gauges('other', '', now_ms, { shop: 1 }))
    })
    await told(barograph, 10, 1)
    expect(await count(barograph, 'level', barograph.now_ms)).toBe(10)
  })

  test('and in doubt through a crash: what it says is believed as late as it would have been', async () => {
    const { barograph } = await started()
    await told(barograph, 10, 1)
    barograph.clock.set(BEGIN + 2 * YEAR)
    await barograph.pass(10 * SECOND)
    const data = barograph.diskNow()
    await barograph.stop()
    const { barograph: again, counts } = await started(BEGIN + 2 * YEAR + 10 * SECOND, data)
    await again.pass(10 * MINUTE, async () => {
      if (again.now_ms % MINUTE === 0) await again.post('/v1/metrics', gauges('other', '', again.now_ms, { shop: 1 }))
    })
    expect(await count(again, 'level', BEGIN + 10 * SECOND)).toBe(10)
    expect(counts['barograph.store.samples.dropped{reason=retention}']).toBeUndefined()
  })
})

describe("a sender's clock", () => {
  test('an hour ahead: each sample is refused with the reason, and counted', async () => {
    const { barograph, counts } = await started()
    await barograph.pass(2 * SECOND)
    const answer = await post(barograph, barograph.now_ms + HOUR, 1)
    expect(await answer.json()).toEqual({
      partialSuccess: { rejectedDataPoints: '1', errorMessage: 'a sample is further ahead than limits.ahead (1)' },
    })
    expect(counts['barograph.store.samples{outcome=too_far_ahead}']).toBe(1)
    expect((await post(barograph, barograph.now_ms, 1)).status).toBe(200)
  })

  test('an hour behind: its samples are kept and judged at their own times, and disturb nobody', async () => {
    const { barograph } = await started()
    await told(barograph, 10, 1)
    await barograph.pass(20 * SECOND, async (now_ms) => {
      await post(barograph, now_ms, 1)
      await barograph.post('/v1/metrics', gauges('level', '', now_ms - HOUR, { behind: 1 }))
    })
    expect(await count(barograph, 'level{service_name="shop"}', barograph.now_ms)).toBe(30)
    expect(await count(barograph, 'level{service_name="behind"}', barograph.now_ms - HOUR)).toBe(20)
    await told(barograph, 10, 500)
    expect(await firing(barograph)).toEqual(['firing since 10:00'])
  })
})
