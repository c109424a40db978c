import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import { concealUser } from '#core/net/peer.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter } from '#core/ports/meter.ts'

import type { Budget } from '../../http/budget.ts'
import type { HttpClient } from '../client/http-client.ts'
import { type HttpSdConfig, targetGroups } from '../config/discovery-schema.ts'
import { type Discovery, groupOf, type TargetGroup } from './discovery.ts'

const TIMEOUT_MS = 30_000

export interface HttpTargetsOptions {
  readonly config: HttpSdConfig
  readonly client: HttpClient
  readonly budget: Budget
  readonly clock: Clock
  readonly log: Log
  readonly failures: Counter
}

/**
 * Targets that a server lists (`http_sd_configs`), asked again at each interval. An answer that cannot be had or read keeps the last.
 * Source: Prometheus, "Writing HTTP service discovery".
 */
export class HttpTargets implements Discovery {
  readonly #options: HttpTargetsOptions
  #cancel: () => void = () => undefined
  #stopped = false

  constructor(options: HttpTargetsOptions) {
    this.#options = options
  }

  start(found: (groups: readonly TargetGroup[]) => void): void {
    const ask = async (): Promise<void> => {
      const listed = await this.#ask()
      if (this.#stopped) return
      if (listed !== undefined) found(listed)
      this.#cancel = this.#options.clock.after(this.#options.config.refresh_interval, () => void ask())
    }
    void ask()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
    this.#options.client.close()
  }

  async #ask(): Promise<readonly TargetGroup[] | undefined> {
    const { config, client, budget, failures, log } = this.#options
    const share = budget.share()
    const shown = concealUser(config.url)
    try {
      const headers = {
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'x-prometheus-refresh-interval-seconds': String(config.refresh_interval / 1000),
      }
      const { body, contentType } = await client.get({
        url: new URL(config.url),
        headers,
        timeout_ms: TIMEOUT_MS,
        share,
      })
      if (!/^application\/json\b/i.test(contentType))
        throw new Error(`Content-Type ${JSON.stringify(contentType)} is not JSON`)
      const listed = targetGroups.parse(JSON.parse(Buffer.from(body).toString('utf8')))
      return listed.map((group, i) => groupOf(`${shown}:${i}`, group, { __meta_url: shown }))
    } catch (error) {
      if (this.#stopped) return undefined
      failures.add(1, { mechanism: 'http' })
      log.warn('a list of targets cannot be had; it stays as it was', { url: shown, error: messageOf(error) })
      return undefined
    } finally {
      share.release()
    }
  }
}
