// `bin/barograph.js serve` as a process of its own, in real time.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { IncidentForm } from './forms.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** What is waited for comes much sooner, unless the machine is busy with other things. */
const WAIT_MS = 60_000
const POLL_MS = 50

export interface Setup {
  /** Text of the rule file. */
  readonly rules: string
  readonly set?: readonly string[]
  readonly args?: readonly string[]
}

/** What a command of Barograph came to. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const running = new Set<ChildProcess>()
const folders = new Set<string>()

/** Ends every process and removes every folder that a test left: for `afterEach`, whatever became of it. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((child) => ended(child, 'SIGKILL')))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
}

/** A folder that `endAll` removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-process-'))
  folders.add(folder)
  return folder
}

/** Runs node on files of this repository; it does not outlive us. */
export function spawnNode(args: readonly string[]): ChildProcess {
  return spawnProgram(process.execPath, args)
}

/** The same with another program. */
export function spawnProgram(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, [...args], { cwd: ROOT })
  const kill = (): void => void child.kill('SIGKILL')
  running.add(child)
  process.once('exit', kill)
  child.once('close', () => {
    running.delete(child)
    process.off('exit', kill)
  })
  return child
}

/** Sends a signal and waits for the end: the exit code, null when the signal ended it. */
export async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (!running.has(child)) return child.exitCode
  const closed = once(child, 'close')
  if (signal !== undefined) child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), WAIT_MS)
  await closed
  clearTimeout(late)
  return child.exitCode
}

/** A command of Barograph from beginning to end. */
export async function barograph(args: readonly string[]): Promise<Ended> {
  const child = spawnNode(['bin/barograph.js', ...args])
  const [out, err] = [heard(child.stdout), heard(child.stderr)]
  const code = await ended(child)
  return { code, out: out(), err: err() }
}

function heard(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

/** Asks until `look` gives something, or says what it waited for. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = performance.now() + WAIT_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`${what}: not within ${WAIT_MS} ms`)
    await sleep(POLL_MS)
  }
}

/** Arguments of a server on free ports that watches by these rules alone, 1 s behind the clock. */
export function serverArgs(folder: string, { rules, set = [], args = [] }: Setup): string[] {
  const file = join(folder, 'rules.yml')
  writeFileSync(file, rules)
  const settings = [
    `data=${join(folder, 'data')}`,
    `rules=[${file}]`,
    'listen.http=0',
    'listen.otlp_http=0',
    'listen.otlp_grpc=0',
    'observe_self=off',
    'lateness=1s',
    ...set,
  ]
  return ['serve', ...settings.flatMap((one) => ['--set', one]), ...args]
}

/** A server that is ready. */
export class Server {
  /** Where its rule file and its `data` are: given to `start` again, it is a restart. */
  readonly folder: string
  readonly apiUrl: string
  readonly otlpUrl: string
  readonly grpcUrl: string
  /** From the start of the process to its greeting. */
  readonly startup_ms: number
  readonly #child: ChildProcess
  readonly #err: () => string

  private constructor(folder: string, child: ChildProcess, said: { out: string; err: () => string; took_ms: number }) {
    this.folder = folder
    this.apiUrl = /console +(\S+)\//.exec(said.out)?.[1] ?? ''
    this.otlpUrl = /OTLP\/HTTP +(\S+)/.exec(said.out)?.[1] ?? ''
    this.grpcUrl = /OTLP\/gRPC +(\S+)/.exec(said.out)?.[1] ?? ''
    this.startup_ms = said.took_ms
    this.#child = child
    this.#err = said.err
  }

  static async start(setup: Setup, folder = temporaryFolder()): Promise<Server> {
    const started = performance.now()
    const child = spawnNode(['bin/barograph.js', ...serverArgs(folder, setup)])
    const [out, err] = [heard(child.stdout), heard(child.stderr)]
    await until('the greeting', () => {
      if (!running.has(child)) throw new Error(`Barograph ended with ${child.exitCode}: ${err()}`)
      return out().includes('state') ? true : undefined
    })
    return new Server(folder, child, { out: out(), err, took_ms: performance.now() - started })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What it wrote on standard error so far. */
  get stderr(): string {
    return this.#err()
  }

  /** SIGTERM; the exit code. */
  stop(): Promise<number | null> {
    return ended(this.#child, 'SIGTERM')
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await ended(this.#child, 'SIGKILL')
  }

  hangUp(): void {
    this.#child.kill('SIGHUP')
  }

  post(signal: string, body: unknown): Promise<Response> {
    return sent(`${this.otlpUrl}/v1/${signal}`, body)
  }

  send(path: string, body: unknown): Promise<Response> {
    return sent(`${this.apiUrl}${path}`, body)
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.apiUrl}${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  /** Values of an instant query by service. */
  async query(query: string, time_ms: number): Promise<Record<string, number>> {
    const parameters = new URLSearchParams({ query, time: String(time_ms / 1000) })
    const { data } = await this.get<{
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }>(`/api/v1/query?${parameters.toString()}`)
    return Object.fromEntries(data.result.map(({ metric, value }) => [metric['service_name'] ?? '', Number(value[1])]))
  }

  async incidents(): Promise<IncidentForm[]> {
    return (await this.get<{ incidents: IncidentForm[] }>('/api/v1/incidents?limit=1000')).incidents
  }

  async openIncidents(): Promise<IncidentForm[]> {
    return (await this.incidents()).filter(({ state }) => state !== 'resolved')
  }

  /** Waits until there is one open incident with so many findings and alerts. */
  incidentOf(findings: number, alerts: number): Promise<IncidentForm> {
    return until(`one incident of ${findings} findings and ${alerts} alerts`, async () => {
      const [found, ...more] = await this.openIncidents()
      const whole = found?.findings.length === findings && found.alerts.length === alerts && more.length === 0
      return whole ? found : undefined
    })
  }

  async findingIds(): Promise<string[]> {
    const { findings } = await this.get<{ findings: { id: string }[] }>('/api/v1/findings?limit=1000')
    return findings.map(({ id }) => id).toSorted()
  }
}

async function sent(url: string, body: unknown): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return response
}
