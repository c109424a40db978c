import type { IncomingMessage, ServerResponse } from 'node:http'

import { Listening } from '#core/net/listening.ts'
import type { SignalKind } from '#core/ports/intake.ts'

import { createGuard } from '../http/guard.ts'
import { OtlpAnswers } from '../http/otlp.ts'
import type { Receiver, ReceiverDeps, RunningReceiver } from './receiver.ts'
import { createTraffic } from './traffic.ts'

export interface OtlpHttpConfig {
  readonly host: string
  readonly port: number
  /** Other names under which senders reach a loopback address. */
  readonly hosts?: readonly string[]
}

const SIGNALS: ReadonlyMap<string, SignalKind> = new Map([
  ['/v1/metrics', 'metrics'],
  ['/v1/logs', 'logs'],
  ['/v1/traces', 'traces'],
])
const LOST = { lost: `nothing is taken here; there are ${[...SIGNALS.keys()].join(', ')}` } as const

class OtlpHttp implements RunningReceiver {
  readonly #answers: OtlpAnswers
  readonly #listening: Listening

  constructor({ host, port, hosts = [] }: OtlpHttpConfig, deps: ReceiverDeps) {
    const { limits, clock, log, meter } = deps
    const traffic = createTraffic(meter, 'otlp_http')
    const { connections, request_ms, drain_ms } = limits
    this.#listening = new Listening({
      host,
      port,
      setting: 'listen.otlp_http',
      onRequest: (request, response) => this.#answer(request, response),
      onBroken: (status) => traffic.request('none', `http_${status}`),
      connections,
      request_ms,
      drain_ms,
      clock,
      log,
      meter,
    })
    const stopped = (): boolean => this.#listening.stopped
    this.#answers = new OtlpAnswers(deps, { traffic, guard: createGuard(host, hosts), stopped })
  }

  get addresses(): RunningReceiver['addresses'] {
    return this.#listening.addresses
  }

  lagging(): boolean {
    return false
  }

  async start(): Promise<void> {
    await this.#listening.start()
  }

  async stop(): Promise<void> {
    await this.#listening.stop()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '' } = request
    void this.#answers.answer(request, response, SIGNALS.get(url) ?? SIGNALS.get(url.split('?')[0]!) ?? LOST)
  }
}

/** OTLP over HTTP. Source: OpenTelemetry protocol specification 1.11, OTLP/HTTP. */
export const otlpHttp: Receiver<OtlpHttpConfig> = {
  type: 'otlp_http',
  create: (config, deps) => new OtlpHttp(config, deps),
}
