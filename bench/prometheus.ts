import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, pinned } from './measure.ts'
import type { Peer } from './promql/server.ts'

/**
 * A fresh Prometheus on one core that takes remote write at `/api/v1/write` and OTLP at `/api/v1/otlp`. `program` is its binary, `more` goes
 * into its configuration.
 */
export async function startPrometheus(program: string, core = 0, more = ''): Promise<Peer> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'barograph-bench-'))
  const config = join(folder, 'prometheus.yml')
  writeFileSync(config, `global: {scrape_interval: 1h}\n${more}`)
  const port = await freePort()
  const [command, ...args] = pinned(core, [
    program,
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--storage.tsdb.retention.time=400d',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-otlp-receiver',
    '--web.enable-remote-write-receiver',
    '--enable-feature=promql-delayed-name-removal',
    '--log.level=error',
  ])
  const child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const gone = once(child, 'exit')
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined)
    if (answer?.ok === true) break
    if (tries > 600 || child.exitCode !== null) throw new Error('Prometheus was not ready in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    pid: child.pid!,
    port,
    async stop() {
      child.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
