import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { House } from '../testing/house.fixture.ts'
import { Peer } from '../testing/peer.fixture.ts'
import { alert, MIN, S } from '../testing/story.fixture.ts'

interface Told {
  readonly labels: Readonly<Record<string, string>>
  readonly endsAt: string
}

/** Who was told what of the rule's alert, with the time at which it came. */
interface Heard {
  readonly alertmanager: readonly string[]
  readonly webhook: readonly string[]
}

const FORGOTTEN = MIN + 30 * S
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

async function peer(): Promise<{ readonly peer: Peer; readonly url: string }> {
  const one = new Peer()
  cleanups.push(() => one.stop())
  return { peer: one, url: await one.start() }
}

const ofRule = ({ labels }: Told): boolean => labels['alertname'] === 'ErrorsHigh'

/** An alert that its rule forgets after 90 s, looked at until `to_ms`; the process is a new one from `restart_ms` on, with the checkpoint of the old one. */
async function heard(to_ms: number, restart_ms?: number): Promise<Heard> {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-forgotten-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const [am, hook] = [await peer(), await peer()]
  const config = {
    alertmanager: { urls: [am.url] },
    webhooks: [{ url: hook.url, headers: {}, send_resolved: true }],
  }
  const options = { database: join(folder, 'barograph.sqlite'), config }
  let house = new House(options)
  cleanups.push(() => house.stop())
  await house.alerting.sender.start()
  const errors = alert({}, 0)
  house.fire(errors)
  await house.pass(0, FORGOTTEN - S)
  house.at(FORGOTTEN)
  house.forget(errors, FORGOTTEN)
  await house.pass(FORGOTTEN + S, restart_ms ?? to_ms)
  if (restart_ms !== undefined) {
    const saved = house.alerting.snapshots.map((one) => one.save())
    const { clock } = house
    await house.stop()
    house = new House({ ...options, clock })
    house.alerting.sender.hold()
    for (const [i, one] of house.alerting.snapshots.entries()) one.load(saved[i]!)
    await house.alerting.sender.start()
    house.alerting.sender.release()
    await house.pass(restart_ms + S, to_ms)
  }
  const alerts = (am.peer.bodies() as Told[][]).flat().filter(ofRule)
  const messages = hook.peer.bodies() as { readonly status: string; readonly alerts: readonly Told[] }[]
  return {
    alertmanager: alerts.map(({ endsAt }) => endsAt),
    webhook: messages.flatMap(({ status, alerts: of }) => of.filter(ofRule).map(({ endsAt }) => `${status} ${endsAt}`)),
  }
}

test('an alert that its rule forgot stays forgotten after a restart: not told again, and over when nobody believes it any more', async () => {
  const without = await heard(20 * MIN)
  expect(without.webhook.map((line) => line.split(' ')[0])).toEqual(['firing', 'resolved'])
  expect(await heard(20 * MIN, 2 * MIN)).toEqual(without)
})

test('until others no longer believe it, a restart does not say that it is over', async () => {
  const without = await heard(3 * MIN)
  expect(without.webhook).toHaveLength(1)
  expect(await heard(3 * MIN, 2 * MIN)).toEqual(without)
})

test('what was over before a restart since nobody believed it is told to no Alertmanager after it', async () => {
  expect(await heard(20 * MIN, 10 * MIN)).toEqual(await heard(20 * MIN))
})
