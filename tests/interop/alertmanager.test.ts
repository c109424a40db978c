// A real Alertmanager as the peer of our sender. Set BAROGRAPH_TEST_ALERTMANAGER to its address, and BAROGRAPH_TEST_AMTOOL to
// the path of its command line for the tests of that.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'

import { House } from '../../alerting/testing/house.fixture.ts'
import { alert, change, closed, finding, graphOf, MIN, opened, S, T0 } from '../../alerting/testing/story.fixture.ts'

const ALERTMANAGER = process.env['BAROGRAPH_TEST_ALERTMANAGER'] ?? ''
const AMTOOL = process.env['BAROGRAPH_TEST_AMTOOL'] ?? ''
const run = promisify(execFile)
/** The peer keeps what earlier runs sent it. */
const mark = `run_${process.pid}_${Date.now()}`

interface Held {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly fingerprint: string
  readonly status: { readonly state: string }
}

/** What it holds to be active. */
async function active(filter: string): Promise<Held[]> {
  const query = new URLSearchParams({ filter })
  const response = await fetch(`${ALERTMANAGER}/api/v2/alerts?${query.toString()}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Held[]
}

/** `amtool alert query`, as a person would ask. */
async function queried(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(AMTOOL, [`--alertmanager.url=${ALERTMANAGER}`, 'alert', 'query', ...words])
  return stdout
}

describe.skipIf(ALERTMANAGER === '')('Alertmanager (skipped unless BAROGRAPH_TEST_ALERTMANAGER names one)', () => {
  // Alertmanager has a clock of its own: the story lies before it, so that its end is no longer to come; and with a resend
  // of five minutes what fires is believed for twenty.
  const begin_ms = Date.now() - 15 * MIN - T0
  const [db, checkout] = [`payments-${mark}`, `checkout-${mark}`]
  const house = new House({
    clock: new ManualClock(T0 + begin_ms),
    graph: graphOf(`${checkout}>${db}`),
    config: {
      resend_ms: 5 * MIN,
      alertmanager: { urls: [ALERTMANAGER === '' ? 'http://localhost:9' : ALERTMANAGER] },
    },
  })
  const slow = finding(db, begin_ms, { peak_score: 9 })
  const errors = alert({ service: checkout, severity: 'critical', mark }, begin_ms + 5 * S)
  async function pass(from_ms: number, to_ms: number): Promise<void> {
    for (let at_ms = begin_ms + from_ms; at_ms <= begin_ms + to_ms; at_ms += S) {
      const { key } = errors.labels
      if (house.active.has(key)) house.active.set(key, { ...errors, evaluated_ms: T0 + at_ms })
      await house.pass(at_ms, at_ms)
    }
  }
  beforeAll(() => house.alerting.sender.start())
  afterAll(() => house.stop())

  test('holds an incident and an alert of a rule to be active, each once', async () => {
    house.change(change(db, begin_ms - MIN))
    house.finding(opened(slow))
    house.fire(errors)
    await pass(0, 20 * S)
    const [incident, ...others] = await active(`service="${db}"`)
    expect(others).toEqual([])
    expect(incident).toMatchObject({
      labels: { alertname: 'BarographIncident', severity: 'critical', incident_id: house.incidents()[0]?.id },
      annotations: { summary: `${checkout} failing: ${db}` },
      startsAt: new Date(T0 + begin_ms).toISOString(),
      status: { state: expect.stringMatching(/active|unprocessed/) as string },
    })
    expect(await active(`mark="${mark}"`)).toMatchObject([
      { labels: errors.labels.toJSON(), fingerprint: errors.labels.fingerprint, annotations: errors.annotations },
    ])
    await expect.poll(async () => (await active(`service="${db}"`))[0]?.status.state).toBe('active')
  })

  test('holds on to them: under the same labels they are sent again before their end', async () => {
    const [before] = await active(`service="${db}"`)
    house.finding(opened(finding(checkout, begin_ms + MIN, { peak_score: 1e5 })))
    await pass(21 * S, 6 * MIN)
    const after = await active(`incident_id="${house.incidents()[0]?.id}"`)
    expect(after.map(({ fingerprint }) => fingerprint)).toEqual([before?.fingerprint])
    expect(Date.parse(after[0]!.endsAt)).toBeGreaterThan(Date.parse(before!.endsAt))
    expect(after[0]?.annotations['description']).toContain(`of ${checkout} is`)
  })

  test.skipIf(AMTOOL === '')('shows them to who asks with amtool (skipped unless BAROGRAPH_TEST_AMTOOL)', async () => {
    const [head, ...rows] = (await queried(`service=${db}`)).trimEnd().split('\n')
    expect(head?.trim().split(/  +/)).toEqual(['Alertname', 'Starts At', 'Summary', 'State'])
    expect(rows.map((row) => row.trim().split(/  +/))).toEqual([
      ['BarographIncident', expect.stringContaining(' UTC'), `${checkout} failing: ${db}`, 'active'],
    ])
    const extended = await queried(`mark=${mark}`, '--output=extended')
    expect(extended).toContain(`service="${checkout}"`)
    expect(extended).toContain('summary="too many errors"')
  })

  test('no longer shows what is over', async () => {
    house.end(errors, begin_ms + 6 * MIN)
    for (const one of house.findings.values()) house.finding(closed(one, begin_ms + 6 * MIN))
    await pass(6 * MIN + S, 12 * MIN)
    expect(house.incidents()).toMatchObject([{ state: 'resolved' }])
    expect(await active(`service="${db}"`)).toEqual([])
    expect(await active(`mark="${mark}"`)).toEqual([])
  })
})
