import { seeded } from '#core/random.ts'

import { Barograph, BEGIN, MINUTE, SECOND } from '../acceptance/barograph.ts'
import { deltas, gauges, LEVEL_RULES, logs, trace } from '../acceptance/shop.ts'

export const SET = ['limits.journal=32KiB', 'limits.sample_cache=64KiB', 'retention.samples=3d', 'listen.scaler=off']

/** What a process left behind, and how it would have gone on. */
export interface Life {
  readonly name: string
  /** The folder around `state`. */
  readonly data: string
  readonly now_ms: number
  more(barograph: Barograph): Promise<void>
}

const SERVICES = ['cart', 'checkout', 'payments', 'stock']

async function taken(answer: Promise<Response>): Promise<void> {
  const { status } = await answer
  if (status >= 300) throw new Error(`answered ${status}`)
}

/** Seconds of everything that can be sent. */
async function seconds(barograph: Barograph, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { now_ms } = barograph
    const second = now_ms / SECOND
    const random = seeded(second % 2 ** 31)
    const values = Object.fromEntries(SERVICES.map((name) => [name, Math.round(100 + random() * 40)]))
    await taken(barograph.post('/v1/metrics', gauges('level', '', now_ms, values)))
    await taken(barograph.post('/v1/metrics', deltas(now_ms, SECOND, second % 7)))
    await taken(barograph.post('/v1/logs', logs('cart', now_ms, 9, [`order ${second} taken`])))
    await taken(barograph.post('/v1/traces', trace(second % 1e6, now_ms, ['cart', 'stock'])))
    if (i % 20 === 3) {
      const change = { kind: 'deploy', service: 'cart', title: `v${second}` }
      await taken(barograph.send('/api/v1/changes', change))
    }
    await barograph.pass(SECOND)
  }
}

/** Days of a sample each half minute, up to now. */
async function days(barograph: Barograph, count: number): Promise<void> {
  const step = 30 * SECOND
  const end = barograph.now_ms
  for (let from = end - count * 1440 * MINUTE; from < end; from += 120 * step) {
    const dataPoints = Array.from({ length: 120 }, (_, i) => from + i * step).flatMap((time_ms) =>
      SERVICES.map((service, n) => ({
        attributes: [{ key: 'of', value: { stringValue: service } }],
        timeUnixNano: `${time_ms}000000`,
        asDouble: Math.sin(time_ms / 1e6 + n) * 1000,
      })),
    )
    const metrics = [{ name: 'wave', gauge: { dataPoints } }]
    await taken(barograph.post('/v1/metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }))
  }
}

const more = (barograph: Barograph): Promise<void> => seconds(barograph, 12)

async function begun(begin_ms = BEGIN, data?: string): Promise<Barograph> {
  return Barograph.start({ rules: LEVEL_RULES, set: SET, begin_ms, ...(data !== undefined && { data }) })
}

async function killed(barograph: Barograph, name: string): Promise<Life> {
  const data = barograph.diskNow()
  const { now_ms } = barograph
  await barograph.stop()
  return { name, data, now_ms, more }
}

export const LIVES: readonly (() => Promise<Life>)[] = [
  async () => {
    const barograph = await begun()
    await days(barograph, 2)
    await seconds(barograph, 150)
    return killed(barograph, 'killed')
  },
  async () => {
    const first = await Barograph.start({ rules: LEVEL_RULES, set: ['limits.journal=1GiB', 'limits.replay=1h'] })
    await seconds(first, 10)
    const { data, now_ms } = await killed(first, '')
    const second = await begun(now_ms, data)
    await seconds(second, 5)
    return killed(second, 'young')
  },
  async () => {
    const barograph = await begun()
    await days(barograph, 2)
    await seconds(barograph, 60)
    const { data, now_ms } = barograph
    await barograph.stop()
    return { name: 'stopped', data, now_ms, more }
  },
]

/** A folder of another process, which had other series. */
export async function alien(): Promise<string> {
  const barograph = await begun()
  const values = { moon: 1, mars: 2, venus: 3 }
  for (let i = 0; i < 100; i++) {
    await taken(barograph.post('/v1/metrics', gauges('distance', '', barograph.now_ms, values)))
    await barograph.pass(SECOND)
  }
  await days(barograph, 1)
  return (await killed(barograph, '')).data
}
