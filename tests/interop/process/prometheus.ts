// A real Prometheus as a process of its own.
import { existsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '../../../bench/measure.ts'
import { spawnProgram, temporaryFolder, until } from './barograph.ts'

/** A program that the environment names, else the one that was built for tests; '' where there is none. */
export function found(variable: string, built: string): string {
  const given = process.env[variable]
  if (given !== undefined) return given
  const path = join(process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache/testbed'), built)
  return existsSync(path) ? path : ''
}

/** Prometheus 3; '' where there is none. */
export const PROMETHEUS_3 = found('BAROGRAPH_TEST_PROMETHEUS_3_BIN', 'prometheus-3.15.0/prometheus')
export const PROMTOOL_3 = found('BAROGRAPH_TEST_PROMTOOL_3', 'prometheus-3.15.0/promtool')

/** The program of a client written in Go; '' where it was not built. */
export function goClient(name: string): string {
  return found(`BAROGRAPH_TEST_${name.toUpperCase().replaceAll('-', '_')}_BIN`, `go-clients-1/${name}`)
}

/** An empty one that is written to, and scrapes what `config` says; its address. `endAll` ends it. */
export async function startPrometheus(
  program: string,
  features: readonly string[] = [],
  config: object = {},
): Promise<string> {
  const folder = temporaryFolder()
  const port = await freePort()
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, JSON.stringify(config))
  spawnProgram(program, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--web.enable-otlp-receiver',
    `--enable-feature=${['exemplar-storage', ...features].join()}`,
    '--log.level=warn',
  ])
  const address = `http://127.0.0.1:${port}`
  await until('Prometheus', async () =>
    (await fetch(`${address}/-/ready`).catch(() => undefined))?.ok ? true : undefined,
  )
  return address
}
