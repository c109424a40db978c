import { inspect } from 'node:util'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { Secret } from '#core/config/secret.ts'
import { ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

import type { Channel, ChannelDeps, ChannelKind, Message } from './channel.ts'
import * as channels from './channels.ts'
import { alertNotice } from './sending/alert-notices.ts'
import { incidentNotice, titleOf } from './sending/incident-notices.ts'
import type { Notice } from './sending/notice.ts'
import { House } from './testing/house.fixture.ts'
import { type Heard, Peer } from './testing/peer.fixture.ts'
import { alert, change, finding, graphOf, MIN, opened, S, T0 } from './testing/story.fixture.ts'

/** Everything that must never be shown; each looks like nothing else in a message. */
const SECRETS = ['pw-4711-x', 'T0KEN-abcdef', 'PATHTOKEN-99', 'QUERYTOKEN-77']

interface Setup {
  readonly config: unknown
  /** Another configuration, as secret as the first. */
  readonly other?: unknown
}

const withUser = (url: string): string => url.replace('http://', `http://watch:${SECRETS[0]}@`)

/** How each kind is set up, as secretly as it can be. */
const SETUPS: Readonly<Record<string, (url: string) => Setup>> = {
  alertmanager: (url) => ({ config: { url: `${withUser(url)}/am/` } }),
  elasticsearch: (url) => ({
    config: { url, auth: { api_key: new Secret(SECRETS[1] ?? '') }, write: ['incidents', 'findings'] },
    other: {
      url,
      auth: { username: 'watch', password: new Secret(SECRETS[0] ?? '') },
      write: ['incidents', 'findings'],
    },
  }),
  webhook: (url) => ({
    config: {
      url: `${url}/services/${SECRETS[2]}?key=${SECRETS[3]}`,
      headers: { authorization: new Secret(`Bearer ${SECRETS[1]}`) },
      send_resolved: true,
    },
    other: { url: `${withUser(url)}/hook`, headers: {}, send_resolved: false },
  }),
}

const DEPS: ChannelDeps = {
  fetch,
  version: '1.2.3',
  external_url: 'https://barograph.example/',
  locale: { language: 'en', zone: 'UTC' },
  resend_ms: 60_000,
}

interface Told {
  readonly firing: readonly Message[]
  readonly resolved: readonly Message[]
}

/** A database slow after a deploy, seen by two callers and a rule: as it is told while it lasts and when it is over. */
function story(): Told {
  const house = new House({ graph: graphOf('a>db', 'b>db') })
  house.change(change('db', -2 * MIN))
  const slow = finding('db', 0, { peak_score: 9, annotations: { runbook_url: 'https://wiki.example/db' } })
  const errors = alert({ service: 'a', severity: 'critical' }, 20 * S)
  for (const one of [slow, finding('a', 10 * S)]) house.finding(opened(one))
  house.fire(errors)
  house.finding(opened(finding('b', 30 * S, { value: NaN, expected: NaN, kind: 'absent' })))
  const words = {
    findings: { list: () => [...house.findings.values()], get: (id: string) => house.findings.get(id) },
    changes: { list: () => [], get: (id: string) => house.changes.get(id) },
    locale: { language: 'en', zone: 'UTC' } as const,
    external_url: DEPS.external_url,
  }
  const [incident] = house.incidents()
  if (incident === undefined) throw new Error('the story has no incident')
  const notices = [incidentNotice(incident, undefined, words), alertNotice(errors, T0 + 20 * S, words.external_url)]
  const over_ms = T0 + 5 * MIN
  const message = (notice: Notice): Message => ({ kind: 'notice', key: notice.key, notice })
  const document = (one: typeof incident): Message => {
    return { kind: 'incident', key: one.id, incident: one, title: titleOf(one, words) }
  }
  const closed = { ...slow, state: 'closed', until_ms: over_ms } as const
  return {
    firing: [
      ...notices.map(message),
      document(incident),
      { kind: 'finding', key: `${slow.id}-open`, finding: slow },
      { kind: 'finding', key: 'absent', finding: finding('b', 30 * S, { value: NaN, expected: NaN, kind: 'absent' }) },
    ],
    resolved: [
      ...notices.map((notice) => message({ ...notice, status: 'resolved', ends_ms: over_ms })),
      document({ ...incident, state: 'resolved', resolved_ms: over_ms }),
      { kind: 'finding', key: `${slow.id}-closed`, finding: closed },
    ],
  }
}

const told = story()

/** A request as its golden file shows it. */
function shown({ method, path, headers, body }: Heard): string {
  const lines = body.split('\n').filter((line) => line !== '')
  const pretty = lines.map((line) => JSON.stringify(JSON.parse(line), null, 2))
  return [`${method} ${path}`, `content-type: ${String(headers['content-type'])}`, ...pretty, ''].join('\n')
}

const context = (signal = new AbortController().signal) => ({ now_ms: T0 + MIN, signal })

const kinds = Object.values(channels) as unknown as readonly ChannelKind<unknown>[]

describe.each(kinds.map((kind) => [kind.type, kind] as const))('the channel %s', (type, kind) => {
  let peer: Peer
  let url: string
  let made: Channel[]
  beforeEach(async () => {
    peer = new Peer()
    url = await peer.start()
    made = []
  })
  afterEach(async () => {
    await Promise.all(made.map((one) => one.close()))
    await peer.stop()
  })

  function create(config?: unknown): Channel {
    const one = kind.create(config ?? SETUPS[type]?.(url).config, DEPS)
    made.push(one)
    return one
  }

  const wanted = (channel: Channel, from: readonly Message[]): Message[] =>
    from.filter((message) => channel.wants.includes(message.kind))

  async function failureOf(channel: Channel, signal?: AbortSignal): Promise<ServiceError> {
    const error: unknown = await channel.send(wanted(channel, told.firing), context(signal)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof ServiceError)) throw new Error(`not refused as an operating error: ${String(error)}`)
    for (const secret of SECRETS) expect(inspect(error, { depth: 10 })).not.toContain(secret)
    return error
  }

  test('says what it wants and how it is sent to, and its name holds nothing secret', () => {
    const one = create()
    expect(one.wants.length).toBeGreaterThan(0)
    expect(['again', 'once']).toContain(one.delivery)
    expect(one.batch).toBeGreaterThan(0)
    expect(one.name).toContain(new URL(url).host)
    for (const secret of SECRETS) expect(one.name).not.toContain(secret)
    const { config, other } = SETUPS[type]?.(url) ?? {}
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(config))
      expect(create(other).name).toContain(type)
  })

  test.each(['firing', 'resolved'] as const)('writes what is %s as its golden file has it', async (state) => {
    peer.answerTo = ({ method }) => (method === 'HEAD' ? { status: 404 } : {})
    const one = create()
    await one.send(wanted(one, told[state]), context())
    const text = peer.heard.map(shown).join('\n')
    await expect(text).toMatchFileSnapshot(`../tests/golden/alerting/${type}-${state}.txt`)
    expect(peer.heard.map(({ headers }) => headers['user-agent'])).toEqual(peer.heard.map(() => 'Barograph/1.2.3'))
  })

  test.each([500, 502, 503, 504, 429])('may be tried again after %i', async (status) => {
    peer.status = status
    expect(await failureOf(create())).toMatchObject({ retryable: true })
  })

  test.each([301, 400, 401, 403, 404, 413, 422])('is not to be tried again after %i', async (status) => {
    peer.status = status
    expect(await failureOf(create())).toMatchObject({ retryable: false })
  })

  test('may be tried again when nobody is there, or the line is cut', async () => {
    const one = create()
    await peer.stop()
    expect(await failureOf(one)).toMatchObject({ code: 'unavailable', retryable: true })
  })

  test('gives up when told so, before and while it is sending', async () => {
    peer.silent = true
    const stop = new AbortController()
    const failure = failureOf(create(), stop.signal)
    await expect.poll(() => peer.heard.length).toBe(1)
    stop.abort()
    expect(await failure).toMatchObject({ retryable: true })
    expect(await failureOf(create(), stop.signal)).toMatchObject({ retryable: true })
    expect(peer.heard).toHaveLength(1)
  })

  test('shows no secret that a peer says back, nor one of an address that is none', async () => {
    const { config, other } = SETUPS[type]?.(url) ?? {}
    for (const one of [config, other ?? config]) {
      for (const status of [400, 503]) {
        peer.answerTo = ({ headers, path }) => {
          const reason = `${path} ${String(headers['authorization'])} ${SECRETS.join(' ')} ${inspect(headers)}`
          return { status, body: JSON.stringify({ error: { type: 'refused', reason }, status }) }
        }
        const channel = create(one)
        const known = secretsOf(one)
        const thrown: unknown = await channel.send(wanted(channel, told.firing), context()).catch((e: unknown) => e)
        expect(thrown).toBeInstanceOf(ServiceError)
        for (const secret of known) expect(inspect(thrown, { depth: 10 })).not.toContain(secret)
      }
    }
    const bad = { ...(config as object), url: `no address ${SECRETS[2]}` }
    const refused = ((): unknown => {
      try {
        return create(bad)
      } catch (error) {
        return error
      }
    })()
    expect(refused).toMatchObject({ code: 'bad_config' })
    expect(inspect(refused, { depth: 10 })).not.toContain(SECRETS[2])
  })

  test('does not wait for the end of an answer that has none', async () => {
    peer.answerTo = () => ({ status: 400, body: JSON.stringify({ error: 'x'.repeat(100_000) }) })
    expect((await failureOf(create())).message.length).toBeLessThan(400)
  })
})

/** Those of the secrets that a configuration holds. */
function secretsOf(config: unknown): string[] {
  const {
    url,
    headers = {},
    auth = {},
  } = config as {
    url: string
    headers?: Record<string, Secret>
    auth?: Record<string, unknown>
  }
  const values = [...Object.values(headers), ...Object.values(auth)]
  const text = [url, ...values.map((value) => (value instanceof Secret ? value.reveal() : ''))].join(' ')
  return SECRETS.filter((secret) => text.includes(secret))
}

test('every kind on the list has a setup here', () => {
  expect(kinds.map(({ type }) => type).toSorted()).toEqual(Object.keys(SETUPS).toSorted())
})

test('logs name a channel that fails without its secrets, once for as long as it fails', async () => {
  const peer = new Peer()
  const url = await peer.start()
  peer.answerTo = ({ headers, path }) => ({ status: 500, body: `${path} ${JSON.stringify(headers)}` })
  const lines: string[] = []
  const keep = (message: string, fields?: object): void => void lines.push(inspect([message, fields], { depth: 10 }))
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
  const setup = SETUPS['webhook']?.(url) ?? { config: null }
  const webhooks = [setup.config, setup.other] as never
  const house = new House({ log, config: { webhooks, alertmanager: { urls: [withUser(url)] } } })
  await house.alerting.sender.start()
  house.fire(alert({ service: 'a' }, 0))
  await house.pass(0, 5 * S)
  await house.stop()
  await peer.stop()
  expect(lines).toHaveLength(3)
  for (const secret of SECRETS) expect(lines.join('\n')).not.toContain(secret)
})
