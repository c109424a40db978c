// A Kafka broker of our own, to be killed: the one of the testbed beside this repository.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const SCRIPT = join(import.meta.dirname, '../../../../shared/testbed/kafka/kafka.sh')

/** Why there can be none here; '' where there can. */
export const NO_BROKER = existsSync(SCRIPT) ? '' : 'needs ../shared/testbed/kafka beside this repository'

/** One that has room for the controller 10000 above it. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return port > 50_000 ? port - 25_000 : port
}

export class Broker {
  readonly address: string
  readonly #folder: string
  readonly #port: number
  readonly #settings: readonly string[]

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.#folder = folder
    this.#port = port
    this.#settings = settings
    this.address = `127.0.0.1:${port}`
  }

  /** `settings`: lines of its configuration, after those of the testbed. */
  static async start(settings: (port: number) => readonly string[] = () => []): Promise<Broker> {
    const port = await freePort()
    const broker = new Broker(await mkdtemp(join(tmpdir(), 'kafka-')), port, settings(port))
    await broker.start()
    return broker
  }

  /** With what it had, after `kill` too. */
  async start(): Promise<void> {
    const settings = this.#settings.flatMap((setting) => ['--set', setting])
    await promisify(execFile)('bash', [
      SCRIPT,
      'start',
      '--port',
      String(this.#port),
      '--dir',
      this.#folder,
      ...settings,
    ])
  }

  kill(): void {
    process.kill(Number(readFileSync(join(this.#folder, 'broker.pid'), 'utf8')), 'SIGKILL')
  }

  async end(): Promise<void> {
    await promisify(execFile)('bash', [SCRIPT, 'stop', '--dir', this.#folder])
    await rm(this.#folder, { recursive: true, force: true })
  }
}
