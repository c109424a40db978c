// Real servers with a Prometheus API, started for one test file: Prometheus and VictoriaMetrics.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '../../../bench/measure.ts'

export const PROMETHEUS = process.env['BAROGRAPH_TEST_PROMETHEUS_BIN'] ?? ''
export const VICTORIAMETRICS = process.env['BAROGRAPH_TEST_VICTORIAMETRICS_BIN'] ?? ''

function prometheusArgs(folder: string, port: number): string[] {
  writeFileSync(join(folder, 'prometheus.yml'), 'global: {scrape_interval: 15s}\n')
  return [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--storage.tsdb.retention.time=10y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--enable-feature=native-histograms,exemplar-storage',
    '--log.level=error',
  ]
}

function victoriaArgs(folder: string, port: number): string[] {
  return [
    `-storageDataPath=${join(folder, 'data')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=12',
    '-loggerLevel=ERROR',
    '-search.latencyOffset=1s',
  ]
}

export interface PromSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
  readonly histogram?: readonly [number, { readonly count: string; readonly sum: string }]
}

export class MetricsServer {
  readonly url: string
  readonly #binary: string
  readonly #args: readonly string[]
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(binary: string, args: readonly string[], folder: string, port: number) {
    this.#binary = binary
    this.#args = args
    this.#folder = folder
    this.url = `http://127.0.0.1:${port}`
  }

  static async prometheus(program = PROMETHEUS): Promise<MetricsServer> {
    return MetricsServer.#of(program, prometheusArgs)
  }

  static async victoria(): Promise<MetricsServer> {
    return MetricsServer.#of(VICTORIAMETRICS, victoriaArgs)
  }

  static async #of(binary: string, args: (folder: string, port: number) => string[]): Promise<MetricsServer> {
    const folder = mkdtempSync(join(tmpdir(), 'barograph-upstream-'))
    const port = await freePort()
    const server = new MetricsServer(binary, args(folder, port), folder, port)
    await server.start()
    return server
  }

  async start(): Promise<void> {
    this.#process = spawn(this.#binary, this.#args, { stdio: 'ignore' })
    const end_ms = Date.now() + 20_000
    for (;;) {
      const ready = await fetch(`${this.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      const healthy =
        ready ||
        (await fetch(`${this.url}/health`).then(
          ({ ok }) => ok,
          () => false,
        ))
      if (healthy) return
      if (Date.now() > end_ms) throw new Error(`${this.#binary} does not come up`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null) return
    running.kill(signal)
    await once(running, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Flushes what VictoriaMetrics has not made searchable yet. */
  async flush(): Promise<void> {
    await fetch(`${this.url}/internal/force_flush`)
  }

  async get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${this.url}${path}?${String(new URLSearchParams(parameters))}`)
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(error)
    return data
  }

  async query(expr: string, time_ms: number): Promise<readonly PromSeries[]> {
    const { result } = await this.get<{ result: PromSeries[] }>('/api/v1/query', {
      query: expr,
      time: String(time_ms / 1000),
    })
    return result
  }

  /** The value of an expression with one series. */
  async number(expr: string, time_ms: number): Promise<number> {
    const [series] = await this.query(expr, time_ms)
    return Number(series?.value?.[1] ?? Number.NaN)
  }

  /** How many samples a range selector finds, and their sum. */
  async samples(selector: string, time_ms: number): Promise<{ count: number; sum: number }> {
    const values = (await this.query(selector, time_ms)).flatMap((series) => series.values ?? [])
    return { count: values.length, sum: values.reduce((sum, [, value]) => sum + Number(value), 0) }
  }
}
