import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { inLargePages } from '../bin/large-pages.js'
import type { LoopDelay } from './loop-delay.ts'

const ROOT = join(import.meta.dirname, '..')
/** As Linux counts CPU time for user programs. */
const TICKS_PER_S = 100

export interface Usage {
  readonly cpu_s: number
  readonly rss_bytes: number
  readonly peak_bytes: number
}

/** CPU time of all threads of a process and its memory, from `/proc`. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN)
  return {
    cpu_s: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
    rss_bytes: kilobytes('VmRSS') * 1024,
    peak_bytes: kilobytes('VmHWM') * 1024,
  }
}

/** The command line on one core, where the machine has two and can do that. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return process.platform === 'linux' && availableParallelism() > 1
    ? ['taskset', '-c', String(core), ...command]
    : command
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A process that is answered line by line. */
export class LineProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(command: readonly string[]) {
    const [program, ...args] = command
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  async answer<T>(): Promise<T> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the process ended')
    return JSON.parse(value) as T
  }

  async ask<T>(line: string): Promise<T> {
    this.#child.stdin!.write(`${line}\n`)
    return this.answer()
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

export interface Server {
  readonly pid: number
  readonly http: number
  readonly otlp: number
  readonly grpc: number
  readonly folder: string
  /** How long its event loop was held while something ran. */
  held<T>(run: () => Promise<T>): Promise<readonly [T, LoopDelay]>
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** A fresh Barograph process on one core, with a configuration over defaults that suit a benchmark. */
export async function startServer(config: Readonly<Record<string, unknown>>, core = 0): Promise<Server> {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'barograph-bench-'))
  const [http, otlp, grpc] = [await freePort(), await freePort(), await freePort()]
  const { listen = {}, ...rest } = config
  const whole = {
    data: join(folder, 'data'),
    listen: { http, otlp_http: otlp, otlp_grpc: grpc, scaler: 'off', ...(listen as object) },
    observe_self: 'off',
    ...rest,
  }
  const file = join(folder, 'barograph.yml')
  writeFileSync(file, JSON.stringify(whole))
  // BENCH_PROFILE=FOLDER leaves a CPU profile of the server there: it has to end by itself for that.
  const profile = process.env['BENCH_PROFILE']
  const profiling = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]
  const watched = ['--import', join(import.meta.dirname, 'loop-delay.ts')]
  const main = [process.execPath, ...profiling, ...watched, join(ROOT, 'bin/barograph.js'), 'serve', '--config', file]
  const [program, ...args] = pinned(core, main)
  // What is loaded before it is compiled once too: the compiler of types takes 20 MB where it is loaded.
  const env = inLargePages(
    { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env },
    process.platform,
  )
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env })
  const gone = once(child, 'exit')
  await ready(http, child)
  return {
    pid: child.pid!,
    http,
    otlp,
    grpc,
    folder,
    async held(run) {
      child.send('begin')
      const result = await run()
      child.send('end')
      const [delay] = (await once(child, 'message')) as [LoopDelay]
      return [result, delay]
    },
    async stop(signal = profile === undefined ? 'SIGKILL' : 'SIGTERM') {
      child.kill(signal)
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined)
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the server was not ready in time')
}

/** A counter of the server, summed over its labels. */
export async function counted(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
  return lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)
}

/** What a sender says of the rounds that it sent. */
export interface Sent {
  readonly requests: number
  readonly failed: number
  readonly error: string
  readonly seconds: number
}

/** What it cost the server to take them in. */
export function costOf({ requests, failed, error, seconds }: Sent, points_of_body: number, cpu_s: number) {
  const points = requests * points_of_body
  return {
    points_per_cpu_s: Math.round(points / cpu_s),
    points_per_s: Math.round(points / seconds),
    cpu_ns_per_point: Math.round((cpu_s * 1e9) / points),
    failed,
    error,
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

export function report(figures: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
