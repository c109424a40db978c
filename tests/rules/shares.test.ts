import { describe, expect, test } from 'vitest'

import { MINUTE, SECOND, Stand, START } from './stand.ts'

const SERIES = 50
/** Rules of two groups, each of which reads fifty series; one reads what another records. */
const RULES = `
groups:
  - name: first
    interval: 1m
    rules:
      - { record: 'a:sum', expr: sum(m) }
      - { alert: High, expr: m > 48 }
      - { record: 'a:twice', expr: 2 * sum(a:sum) }
  - name: second
    interval: 1m
    rules:
      - { record: 'b:sum', expr: sum(a:sum) + sum(m) }
`

function fed(stand: Stand, time_ms: number): void {
  stand.feed(
    Array.from({ length: SERIES }, (_, i) => ({
      labels: { __name__: 'm', i: String(i) },
      time_ms,
      value: i + time_ms / MINUTE,
    })),
  )
}

/** Five minutes; what is left of a tick is asked for at once, or only by the next one. */
async function passed(share: number | undefined, atOnce: boolean): Promise<{ stand: Stand; ticks: number }> {
  const stand = new Stand({ rules: RULES })
  let ticks = 0
  for (let time_ms = START; time_ms <= START + 5 * MINUTE; time_ms += SECOND) {
    if (time_ms % (15 * SECOND) === 0) fed(stand, time_ms)
    let unfinished: boolean
    do {
      unfinished = (await stand.tick(time_ms, undefined, share)) && atOnce
      ticks++
    } while (unfinished)
  }
  return { stand, ticks }
}

const outcome = ({ stand }: { readonly stand: Stand }) => ({
  events: stand.happened(),
  recorded: ['a:sum', 'a:twice', 'b:sum', 'ALERTS'].map((name) => stand.read(name)),
})

describe('rules that are evaluated in shares', () => {
  test('come to the same, in more ticks', async () => {
    const [whole, parts] = [await passed(undefined, true), await passed(60, true)]
    expect(outcome(parts)).toEqual(outcome(whole))
    expect(parts.ticks).toBeGreaterThan(whole.ticks)
    expect(outcome(whole).events.length).toBeGreaterThan(0)
  })

  test('go on with the next tick where nobody asks before', async () => {
    const [whole, parts] = [await passed(undefined, true), await passed(60, false)]
    expect(outcome(parts)).toEqual(outcome(whole))
  })

  test('all have their turn where they take more than there is time for', async () => {
    const stand = new Stand({ rules: RULES })
    for (let minute = 0; minute <= 30; minute++) {
      fed(stand, START + minute * MINUTE)
      // Half of what would be needed.
      for (let i = 0; i < 2; i++) await stand.tick(START + minute * MINUTE + (20 + i) * SECOND, undefined, 1)
    }
    const newest = ['a:sum', 'a:twice', 'b:sum'].map((name) => Object.values(stand.read(name))[0]!.at(-1)![0])
    for (const time_s of newest) expect(time_s).toBeGreaterThan(25 * 60)
  })

  test('pass steps over where they need far more, each tick takes its share, and they say so', async () => {
    const stand = new Stand({ rules: RULES })
    for (let minute = 0; minute <= 60; minute++) {
      fed(stand, START + minute * MINUTE)
      // A quarter of what would be needed.
      expect(await stand.tick(START + minute * MINUTE + 20 * SECOND, undefined, 1)).toBe(true)
    }
    const recorded = ['a:sum', 'a:twice', 'b:sum'].map((name) => Object.values(stand.read(name))[0]!)
    for (const points of recorded) {
      expect(points.at(-1)![0]).toBeGreaterThan(50 * 60)
      expect(points.length).toBeLessThan(30)
    }
    const said = stand.engine.groups().flatMap(({ rules }) => rules.map(({ last_error }) => last_error))
    expect(said).toContain('rules need more time than there is: steps were passed over')
  })

  test('pass nothing over that an outage left, however they stood before it', async () => {
    const stand = new Stand({ rules: RULES })
    fed(stand, START)
    await stand.tick(START + 20 * SECOND)
    fed(stand, START + MINUTE)
    expect(await stand.tick(START + MINUTE + 20 * SECOND, undefined, 1)).toBe(true)
    for (let minute = 2; minute <= 10; minute++) fed(stand, START + minute * MINUTE)
    expect(await stand.tick(START + 10 * MINUTE + 20 * SECOND, undefined, 1)).toBe(false)
    for (const name of ['a:sum', 'a:twice', 'b:sum']) expect(Object.values(stand.read(name))[0]).toHaveLength(11)
  })

  test('that are far behind catch up at once, so that alerts are told in order of time', async () => {
    const stand = new Stand({ rules: RULES })
    fed(stand, START)
    await stand.tick(START + 20 * SECOND, undefined, 1000)
    for (let minute = 1; minute <= 4; minute++) fed(stand, START + minute * MINUTE)
    expect(await stand.tick(START + 4 * MINUTE + 20 * SECOND, undefined, 1)).toBe(false)
    const times = stand.happened().map(([, at]) => at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})
