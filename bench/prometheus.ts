import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, pinned } from './measure.ts'

export interface RunningPrometheus {
  readonly pid: number
  /** Its OTLP receiver is at `/api/v1/otlp`, that for remote write at `/api/v1/write`. */
  readonly http: number
  stop(): Promise<void>
}

/** A Prometheus that stores what it is sent and evaluates nothing, on one core: what receiving and storing costs others. */
export async function startPrometheus(program: string, core = 0): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'barograph-bench-'))
  const http = await freePort()
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, '{}')
  const [first, ...args] = pinned(core, [
    program,
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--storage.tsdb.retention.time=400d',
    `--web.listen-address=127.0.0.1:${http}`,
    '--web.enable-otlp-receiver',
    '--web.enable-remote-write-receiver',
    '--log.level=error',
  ])
  const child = spawn(first!, args, { stdio: 'ignore', env: { ...process.env, GOMAXPROCS: '1' } })
  const gone = once(child, 'exit')
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    const answer = await fetch(`http://127.0.0.1:${http}/-/ready`).catch(() => undefined)
    if (answer?.ok === true) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`)
  return {
    pid: child.pid!,
    http,
    async stop() {
      child.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
