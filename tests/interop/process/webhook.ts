// Somebody who takes webhooks and remembers them.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import type { AlertForm } from './forms.ts'

export interface WebhookForm {
  readonly version: string
  readonly status: 'firing' | 'resolved'
  readonly alerts: readonly AlertForm[]
}

export class Webhook {
  readonly taken: WebhookForm[] = []
  /** What is answered. */
  status = 200
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async start(): Promise<Webhook> {
    const webhook = new Webhook()
    await new Promise<void>((resolve) => webhook.#server.listen(0, '127.0.0.1', resolve))
    return webhook
  }

  /** The setting that names it. */
  get setting(): string {
    const { port } = this.#server.address() as AddressInfo
    const receiver = { name: 'test', webhook_configs: [{ url: `http://127.0.0.1:${port}/` }] }
    return `notify=${JSON.stringify({ route: { receiver: 'test' }, receivers: [receiver] })}`
  }

  /** Messages of one alert name, oldest first. */
  of(alertname: string): WebhookForm[] {
    return this.taken.filter(({ alerts }) => alerts[0]?.labels['alertname'] === alertname)
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    if (this.status === 200) this.taken.push(JSON.parse(body) as WebhookForm)
    response.writeHead(this.status).end()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
