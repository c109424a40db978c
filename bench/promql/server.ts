import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, pinned } from '../measure.ts'

/** Something that answers the Prometheus API, with its process. */
export interface Peer {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** A fresh Prometheus on one core that takes remote write. `program` is its binary, `more` goes into its configuration. */
export async function startPrometheus(program: string, core = 0, more = ''): Promise<Peer> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'prometheus-bench-'))
  const config = join(folder, 'prometheus.yml')
  writeFileSync(config, `global: {scrape_interval: 1h}\n${more}`)
  const port = await freePort()
  const [command, ...args] = pinned(core, [
    program,
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
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

/** CPU time of all living threads of a process, ns. */
function cpu_ns(pid: number): number {
  let sum = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  }
  return sum
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

export interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly wall_ms: number
  readonly cpu_ms: number
}

/** Asks and reads the whole answer; what it cost the server is all that its process did meanwhile. */
export async function ask({ pid, port }: Pick<Peer, 'pid' | 'port'>, path: string): Promise<Answer> {
  const before = cpu_ns(pid)
  const started = performance.now()
  const { status, body } = await new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
    const asked = request({ agent, port, path }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        resolve({ status: answer.statusCode!, body: Buffer.concat(chunks) })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
  return { status, body, wall_ms: performance.now() - started, cpu_ms: (cpu_ns(pid) - before) / 1e6 }
}
