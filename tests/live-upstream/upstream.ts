// A Prometheus 3 that is killed and comes back, and a sender that keeps what it cannot be rid of.
import { type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '../../bench/measure.ts'
import { ended, spawnProgram, temporaryFolder, until } from '../interop/process/barograph.ts'

const HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }

/** It is written to, and scrapes itself. */
export class Upstream {
  readonly url: string
  readonly #program: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  private constructor(program: string, port: number) {
    const folder = temporaryFolder()
    const file = join(folder, 'prometheus.yml')
    writeFileSync(
      file,
      `global: {scrape_interval: 15s}\nscrape_configs: [{job_name: prometheus, static_configs: [{targets: ['127.0.0.1:${port}']}]}]\n`,
    )
    this.url = `http://127.0.0.1:${port}`
    this.#program = program
    this.#args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=error',
    ]
  }

  static async start(program: string): Promise<Upstream> {
    const self = new Upstream(program, await freePort())
    await self.start()
    return self
  }

  async start(): Promise<void> {
    this.#child = spawnProgram(this.#program, this.#args)
    this.#child.stdout?.resume()
    this.#child.stderr?.resume()
    const isReady = async (): Promise<true | undefined> =>
      (await fetch(`${this.url}/-/ready`).catch(() => undefined))?.ok ? true : undefined
    await until('Prometheus', isReady)
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await ended(this.#child, 'SIGKILL')
  }
}

/** Sends bodies in order. */
export class Sender {
  readonly #url: string
  readonly #waiting: Uint8Array<ArrayBuffer>[] = []
  lost = 0

  constructor(url: string) {
    this.#url = url
  }

  /** What does not arrive waits for the next time, or is lost where `keep` is false. */
  async send(body: Uint8Array<ArrayBuffer>, keep = true): Promise<void> {
    this.#waiting.push(body)
    while (this.#waiting.length > 0 && (await this.#arrives(this.#waiting[0]!))) this.#waiting.shift()
    if (!keep) this.lost += this.#waiting.splice(0).length
  }

  async #arrives(body: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const answer = await fetch(`${this.#url}/api/v1/write`, { method: 'POST', headers: HEADERS, body }).catch(
      () => null,
    )
    if (answer === null || answer.status === 503) return false
    if (!answer.ok) throw new Error(`${this.#url}: ${answer.status} ${await answer.text()}`)
    return true
  }
}
