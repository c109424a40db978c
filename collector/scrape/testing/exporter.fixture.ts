import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

import type { Input, Intake, Receipt } from '#core/ports/intake.ts'
import type { Labels } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'
import type { Store } from '#core/store/store.ts'

import { linesOf, storeWith } from '../../testing/decoding.fixture.ts'

export const TEXT = 'text/plain; version=0.0.4; charset=utf-8'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Answers with a page. */
export function page(body: string | Buffer, headers: Record<string, string> = { 'content-type': TEXT }): Handler {
  return (_, response) => response.writeHead(200, headers).end(body)
}

export const gzipped = (body: string): Handler =>
  page(gzipSync(body), { 'content-type': TEXT, 'content-encoding': 'gzip' })

/** A target on a free port that answers as it is told. */
export class Exporter {
  answer: Handler
  /** Requests so far. */
  readonly requests: IncomingMessage[] = []
  readonly #server: Server
  readonly #scheme: string

  private constructor(answer: Handler, tls: { key: string; cert: string } | undefined) {
    this.answer = answer
    const handler: Handler = (request, response) => {
      this.requests.push(request)
      this.answer(request, response)
    }
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server = tls === undefined ? createServer(handler) : createSecureServer(tls, handler)
  }

  static async start(answer: Handler = page(''), tls?: { key: string; cert: string }): Promise<Exporter> {
    const exporter = new Exporter(answer, tls)
    await new Promise<void>((resolve) => exporter.#server.listen(0, '127.0.0.1', resolve))
    return exporter
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `${this.#scheme}://${this.address}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Decodes what is submitted and stores it, or refuses it as it is told. */
export class StoringIntake implements Intake {
  readonly store: Store = storeWith()
  /** Samples of each input, as text. */
  readonly batches: string[][] = []
  refuse: (() => Error) | undefined

  async submit(input: Input): Promise<Receipt> {
    if (this.refuse !== undefined) throw this.refuse()
    if (input.kind !== 'samples') throw new Error(`a ${input.kind} was not expected`)
    const { samples, rejected, message } = atOnce(input.decode(this.store))
    this.batches.push(linesOf(samples, this.store))
    this.store.append(samples)
    return { rejected, message }
  }

  /** The newest value of a series by its name, over all its label sets. */
  values(name: string): Record<string, number> {
    const found: Record<string, number> = {}
    for (const { labels, value } of this.store.select([{ name: '__name__', op: '=', value: name }], EVER)) {
      found[String(labels.drop('__name__'))] = value.at(-1) ?? NaN
    }
    return found
  }

  labels(name: string): Record<string, string>[] {
    const sets = this.store.labelSets([{ name: '__name__', op: '=', value: name }], EVER)
    return sets.map((labels: Labels) => labels.drop('__name__').toJSON())
  }
}

const EVER = { from_ms: -8e15, to_ms: 8e15 }
