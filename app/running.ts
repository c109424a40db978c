import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { hostname } from 'node:os'

import { systemClock } from '#core/clock.ts'
import type { LoadedConfig } from '#core/config/load.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { urlAt } from '#core/net/loopback.ts'

import type { Terminal } from './command.ts'
import type { Config } from './config.ts'
import { counted } from './counted.ts'
import { keepHeapSmall } from './heap.ts'
import { processLog } from './logging.ts'
import { Service } from './service.ts'
import { startTelemetry } from './telemetry.ts'
import { version } from './version.ts'

export interface Running {
  readonly service: Service
  readonly loaded: LoadedConfig<Config>
  stop(): Promise<void>
}

export interface StartOptions {
  readonly loaded: LoadedConfig<Config>
  readonly reread?: () => LoadedConfig<Config>
  readonly record?: string | undefined
  readonly level: string
  readonly moreRules?: readonly string[]
}

/** A whole process on the real clock, observing itself. */
export async function startService({ loaded, reread, record, level, moreRules = [] }: StartOptions): Promise<Running> {
  const { listen, observe_self } = loaded.value
  const self =
    observe_self === null || listen.otlp_http === null
      ? null
      : { url: urlAt(listen.host, listen.otlp_http), interval_ms: observe_self }
  const telemetry = await startTelemetry({ version, host: hostname(), self })
  const log = processLog(levelOf(level))
  const service = new Service({
    loaded,
    record,
    moreRules,
    telemetry,
    clock: systemClock,
    log,
    ...(reread && { reread }),
  })
  await service.start()
  keepHeapSmall()
  // One that is killed leaves it to the next as well, which then need not load the compiler.
  flushCompileCache()
  return {
    service,
    loaded,
    async stop() {
      await telemetry.stop()
      await service.stop()
    },
  }
}

function levelOf(level: string): 'debug' | 'info' | 'warn' | 'error' {
  if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error') return level
  throw new ServiceError('bad_data', `--log ${level}: expected debug, info, warn or error`)
}

export function greeting({ service, loaded }: Running): string {
  const { data } = loaded.value
  const rules = service.rules.groups.reduce((sum, group) => sum + group.rules.length, 0)
  return `Barograph ${version}
  console    ${service.apiUrl}/
  API        ${service.apiUrl}/api/v1/  (Prometheus data source: ${service.apiUrl})
  OTLP/HTTP  ${service.otlpUrl === '' ? 'off' : service.otlpUrl}
  OTLP/gRPC  ${service.grpcUrl === '' ? 'off' : service.grpcUrl}
  state      ${data}, ${counted(rules, 'rule')} from ${counted(service.rules.files.length, 'file')}
`
}

/** SIGTERM and SIGINT end it, and `Service.lost`, by which it rejects, without a drain; SIGHUP reads rules and scrape jobs again. A second signal does not wait for the drain. */
export async function untilStopped(running: Running, terminal: Terminal): Promise<void> {
  process.on('SIGHUP', () => {
    running.service
      .reload()
      .catch((error: unknown) =>
        terminal.err(`barograph: rules and scrape jobs are kept as they were:\n${messageOf(error)}\n`),
      )
  })
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), running.service.lost])
  terminal.err('barograph: stopping\n')
  await running.stop()
}
