import { join } from 'node:path'

import type { Change } from '#core/change.ts'
import { ManualClock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Incident } from '#core/incident.ts'
import type { Input } from '#core/ports/intake.ts'
import type { LiveEvent } from '#core/ports/live.ts'
import { silentLog } from '#core/ports/log.ts'
import { silentMeter } from '#core/ports/meter.ts'

import { type ApiOptions, type ApiPorts, createApi } from '../index.ts'
import { NOW_MS, query, reader } from './series.fixture.ts'
import { targets } from './targets.fixture.ts'
import { absence, alert, change, finding, forecast, groups, hint, incident, upstream } from './verdicts.fixture.ts'

/** Items behind a cursor, as the ports promise: newest first. */
function page<Item extends { readonly id: string }>(items: readonly Item[], limit: number, after?: string): Item[] {
  const from = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1
  return items.slice(from, from + limit)
}

/** A small house in memory: what came in through the door is in `inputs`, what is said is heard on the stream. */
export class House {
  readonly inputs: Input[] = []
  readonly clock = new ManualClock(NOW_MS)
  readonly listeners = new Set<(event: LiveEvent) => void>()
  /** How often somebody asked for history. */
  backfills = 0
  readonly changes: Change[] = [change]
  incident: Incident = incident
  notReady: string | null = null

  say(event: LiveEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  take(input: Input): void {
    this.inputs.push(input)
    if (input.kind === 'change') this.changes.unshift(input.change)
    if (input.kind !== 'command') return
    const { at_ms } = input
    const times = input.command === 'ack' ? { acknowledged_ms: at_ms } : { resolved_ms: at_ms }
    this.incident = { ...this.incident, ...times, state: input.command === 'ack' ? 'acknowledged' : 'resolved' }
  }

  get ports(): ApiPorts {
    const findings = [finding, absence]
    return {
      query,
      reader,
      findings: {
        list: ({ state, limit, after }) =>
          page(state === undefined ? findings : findings.filter((one) => state.includes(one.state)), limit, after),
        get: (id) => findings.find((one) => one.id === id),
      },
      incidents: {
        list: ({ state, limit, after }) =>
          page(
            [this.incident].filter((one) => state?.includes(one.state) ?? true),
            limit,
            after,
          ),
        get: (id) => (id === this.incident.id ? this.incident : undefined),
      },
      changes: {
        list: ({ limit, after }) => page(this.changes, limit, after),
        get: (id) => this.changes.find((one) => one.id === id),
      },
      graph: {
        edges: () => [{ caller: 'checkout', callee: 'payments-db', calls: 120, errors: 3, last_ms: NOW_MS }],
        callees: () => [],
        callers: () => [],
      },
      rules: { groups: () => groups },
      alerts: { active: () => [alert] },
      scores: {
        newest: (limit) => [{ ...finding, time_ms: NOW_MS, verdict: { ...finding, score: 7.3 } }].slice(0, limit),
      },
      forecasts: {
        ofRule: (name) => (name === forecast.rule ? [forecast] : undefined),
        make: async (request) => [{ ...forecast, rule: request.query, skill: Number.NaN, coverage: new Map() }],
      },
      hints: {
        policies: () => ['checkout', 'quiet'],
        hint(policy) {
          if (policy === 'checkout') return hint
          throw policy === 'quiet'
            ? new ServiceError('unavailable', 'no demand was ever seen')
            : new ServiceError('not_found', `no policy "${policy}"`)
        },
        history: (_, limit) => [hint, { ...hint, value: 6 }].slice(0, limit),
      },
      live: {
        subscribe: (listener) => {
          this.listeners.add(listener)
          return () => this.listeners.delete(listener)
        },
      },
      targets,
      upstreams: {
        all: () => [upstream],
        backfill: (name) => {
          if (name !== undefined && name !== upstream.name) throw new ServiceError('not_found', `no upstream "${name}"`)
          this.backfills++
        },
      },
      intake: {
        submit: async (input) => {
          this.take(input)
          return { rejected: 0, message: '' }
        },
      },
    }
  }
}

/** The API over a small house. */
export function fixture(options: Partial<ApiOptions> = {}) {
  const house = new House()
  const api = createApi({
    ports: house.ports,
    ready: () => house.notReady,
    metrics: async () => '# TYPE up gauge\nup 1\n',
    config: () => 'language: en\n',
    locale: { language: 'en', zone: 'UTC' },
    external_url: '',
    version: '0.1.0',
    clock: house.clock,
    log: silentLog,
    meter: silentMeter,
    console_dir: join(import.meta.dirname, 'page'),
    listen: { host: 'localhost', port: 0 },
    ...options,
  })
  /** Asks without a socket, as from this machine. */
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    api.app.request(`http://localhost:7300${path}`, init)
  const json = async (path: string, init: RequestInit = {}): Promise<unknown> => (await ask(path, init)).json()
  return { house, ...api, ask, json }
}
