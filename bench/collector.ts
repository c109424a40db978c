import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, pinned } from './measure.ts'

export interface RunningCollector {
  readonly pid: number
  readonly otlp: number
  readonly grpc: number
  stop(): Promise<void>
}

/** An OpenTelemetry Collector that receives, batches and drops, on one core: what taking OTLP in costs others. */
export async function startCollector(program: string, core = 0): Promise<RunningCollector> {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-bench-'))
  const [otlp, grpc] = [await freePort(), await freePort()]
  const protocols = {
    http: { endpoint: `127.0.0.1:${otlp}` },
    grpc: { endpoint: `127.0.0.1:${grpc}`, max_recv_msg_size_mib: 64 },
  }
  const metrics = { receivers: ['otlp'], processors: ['batch'], exporters: ['nop'] }
  const service = { telemetry: { metrics: { level: 'none' } }, pipelines: { metrics } }
  const file = join(folder, 'collector.yaml')
  const whole = { receivers: { otlp: { protocols } }, processors: { batch: {} }, exporters: { nop: {} }, service }
  writeFileSync(file, JSON.stringify(whole))
  const [first, ...args] = pinned(core, [program, '--config', file])
  const child = spawn(first!, args, { stdio: 'ignore', env: { ...process.env, GOMAXPROCS: '1' } })
  const gone = once(child, 'exit')
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    const answer = await fetch(`http://127.0.0.1:${otlp}/v1/metrics`, { method: 'POST' }).catch(() => undefined)
    if (answer !== undefined) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (child.exitCode !== null) throw new Error(`the Collector ended with ${child.exitCode}`)
  return {
    pid: child.pid!,
    otlp,
    grpc,
    async stop() {
      child.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
