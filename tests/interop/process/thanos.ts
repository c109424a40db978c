// A real Thanos: stores that are written to, and one querier over them.
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

import { freePort } from '../../../bench/measure.ts'
import { ended, spawnProgram, temporaryFolder, until } from './barograph.ts'
import type { PromSeries } from './metrics-server.ts'
import { found } from './prometheus.ts'

/** '' where there is none. */
export const THANOS = found('BAROGRAPH_TEST_THANOS_BIN', 'thanos-0.42.4/thanos')

interface StoreList {
  readonly data: Readonly<Record<string, readonly { readonly lastError: string | null }[]>>
}

const isReady = async (address: string): Promise<true | undefined> =>
  (await fetch(`${address}/-/ready`).catch(() => undefined))?.ok === true ? true : undefined

function spawned(args: readonly string[]): ChildProcess {
  const child = spawnProgram(THANOS, args)
  child.stdout?.resume()
  child.stderr?.resume()
  return child
}

/** A `thanos receive`: its series get the label `receive`, and `tenant_id` by the header of who writes. */
class Receive {
  readonly #ports: readonly number[]
  readonly #args: readonly string[]
  #process: ChildProcess | undefined

  private constructor(name: string, ports: readonly number[]) {
    const address = (i: number): string => `127.0.0.1:${ports[i]}`
    this.#ports = ports
    this.#args = [
      'receive',
      `--tsdb.path=${join(temporaryFolder(), 'data')}`,
      '--tsdb.retention=10y',
      `--label=receive="${name}"`,
      `--grpc-address=${address(0)}`,
      `--http-address=${address(1)}`,
      `--remote-write.address=${address(2)}`,
      `--receive.capnproto-address=${address(3)}`,
      '--log.level=error',
    ]
  }

  static async started(name: string): Promise<Receive> {
    const store = new Receive(name, [await freePort(), await freePort(), await freePort(), await freePort()])
    await store.start()
    return store
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#ports[0]}`
  }

  /** Where it is written to, at `/api/v1/receive`. */
  get url(): string {
    return `http://127.0.0.1:${this.#ports[2]}`
  }

  async start(): Promise<void> {
    this.#process = spawned(this.#args)
    await until('a store', () => isReady(`http://127.0.0.1:${this.#ports[1]}`))
  }

  async kill(): Promise<void> {
    await ended(this.#process!, 'SIGKILL')
  }
}

export class Thanos {
  readonly url: string
  readonly stores: readonly Receive[]

  private constructor(url: string, stores: readonly Receive[]) {
    this.url = url
    this.stores = stores
  }

  /** With so many stores. `endAll` ends it. */
  static async start(count: number): Promise<Thanos> {
    const stores = await Promise.all(Array.from({ length: count }, (_, i) => Receive.started(`r${i}`)))
    const [http, grpc] = [await freePort(), await freePort()]
    const url = `http://127.0.0.1:${http}`
    spawned([
      'query',
      `--http-address=127.0.0.1:${http}`,
      `--grpc-address=127.0.0.1:${grpc}`,
      ...stores.map(({ endpoint }) => `--endpoint=${endpoint}`),
      '--log.level=error',
    ])
    const thanos = new Thanos(url, stores)
    await until('Thanos', () => isReady(url))
    await thanos.sees(count)
    return thanos
  }

  /** Waits until it asks so many of its stores: it looks at them every five seconds. */
  async sees(count: number): Promise<void> {
    await until(`${count} stores`, async () => {
      const { data } = (await (await fetch(`${this.url}/api/v1/stores`)).json()) as StoreList
      return Object.values(data).flatMap((stores) => stores.filter(({ lastError }) => lastError === null)).length ===
        count
        ? true
        : undefined
    })
  }

  /** Waits until it finds something: it does not ask a store for times of which it had none when it was last looked at. */
  async has(expr: string, time_ms: number): Promise<void> {
    await until(expr, async () => ((await this.query(expr, time_ms)).result.length > 0 ? true : undefined))
  }

  /** What it answers by itself, with its warnings. */
  async query(
    expr: string,
    time_ms: number,
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly result: readonly PromSeries[]; readonly warnings: readonly string[] }> {
    const parameters = new URLSearchParams({ query: expr, time: String(time_ms / 1000), ...more })
    const response = await fetch(`${this.url}/api/v1/query?${String(parameters)}`)
    const { data, warnings = [] } = (await response.json()) as { data: { result: PromSeries[] }; warnings?: string[] }
    return { result: data.result, warnings }
  }
}
