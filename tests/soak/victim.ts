import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { freePort, type Usage, usageOf } from '../../bench/measure.ts'

const BAROGRAPH = join(import.meta.dirname, '../../bin/barograph.js')
const PATIENCE_MS = 120_000

/** A Barograph that is killed and started again, on the same folder and ports. */
export class Victim {
  readonly #folder: string
  readonly #ports: readonly [http: number, otlp: number]
  #child: ChildProcess | undefined

  private constructor(folder: string, ports: readonly [number, number]) {
    this.#folder = folder
    this.#ports = ports
  }

  static async on(folder: string): Promise<Victim> {
    return new Victim(folder, [await freePort(), await freePort()])
  }

  get api(): string {
    return `http://127.0.0.1:${this.#ports[0]}`
  }

  get otlp(): { readonly port: number } {
    return { port: this.#ports[1] }
  }

  /** Milliseconds until it was ready. */
  async start(): Promise<number> {
    const [http, otlp] = this.#ports
    const set = [
      `data=${join(this.#folder, 'data')}`,
      `listen.http=${http}`,
      `listen.otlp_http=${otlp}`,
      'observe_self=off',
    ]
    const began = performance.now()
    const args = [BAROGRAPH, 'serve', '--log', 'warn', ...set.flatMap((one) => ['--set', one])]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: this.#folder })
    this.#child = child
    for (;;) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
      if (performance.now() - began > PATIENCE_MS) throw new Error('it does not become ready')
      const answer = await fetch(`${this.api}/-/ready`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.status === 200) return performance.now() - began
      await setTimeout(20)
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  /** True while nobody but we has ended it. */
  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Of this life so far. */
  usage(): Usage {
    return usageOf(this.#child!.pid!)
  }

  async query(query: string): Promise<{ labels: Record<string, string>; value: number }[]> {
    const answer = await fetch(`${this.api}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }) })
    const body = (await answer.json()) as {
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
      error?: string
    }
    if (body.data === undefined) throw new Error(`${query}: ${body.error}`)
    return body.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  async edges(): Promise<{ caller: string; callee: string; calls: number }[]> {
    const answer = await fetch(`${this.api}/api/v1/graph`)
    return ((await answer.json()) as { edges: { caller: string; callee: string; calls: number }[] }).edges
  }
}
