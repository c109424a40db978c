import type { IncomingMessage, ServerResponse } from 'node:http'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { Receipt } from '#core/ports/intake.ts'
import type { Mount } from '#core/ports/mounts.ts'

import { send } from '../http/answer.ts'
import { BodyReader } from '../http/body.ts'
import type { Share } from '../http/budget.ts'
import { RemoteWriteDecoder, type RemoteWriteOptions, type WrittenSignals } from '../remote-write/decoder.ts'
import { versionOfHead } from '../remote-write/head.ts'
import { shortened } from '../rpc/status.ts'
import type { ReceiverDeps } from './receiver.ts'
import { createTraffic, type Traffic } from './traffic.ts'

const TEXT = 'text/plain; charset=utf-8'
/** Senders begin again with 30 ms of their own; a longer word than this would only let them fall behind. */
const RETRY_AFTER = { 'retry-after': '1' } as const

type Written = NonNullable<Receipt['written']>

interface Outcome {
  readonly status: number
  readonly message: string
  readonly written?: Receipt['written']
}

/** What senders of version 2 go by; on every answer, or they take it that nothing was written. */
function writtenHeaders(written: Receipt['written'] = { samples: 0, histograms: 0, exemplars: 0 }) {
  return {
    'x-prometheus-remote-write-samples-written': String(written.samples),
    'x-prometheus-remote-write-histograms-written': String(written.histograms),
    'x-prometheus-remote-write-exemplars-written': String(written.exemplars),
  }
}

/** What was written of what was sent. */
function sentOf(written: Written, zeros: WrittenSignals['zeros']): Written {
  const { samples, histograms, exemplars } = written
  return { samples: samples - zeros.samples, histograms: histograms - zeros.histograms, exemplars }
}

/**
 * Overload is 503: Prometheus drops what is answered with 429, unless it was told otherwise. What is refused in part is 400 in both
 * versions, and the rest is kept; Prometheus itself gives up all of a request of version 1 then.
 */
function statusOf({ code, status }: ServiceError): number {
  return code === 'overloaded' ? 503 : status
}

class RemoteWrite implements Mount {
  readonly path = '/api/v1/write'
  readonly #deps: ReceiverDeps
  readonly #bodies: BodyReader
  readonly #decoder: RemoteWriteDecoder
  readonly #traffic: Traffic

  constructor(deps: ReceiverDeps, options: Omit<RemoteWriteOptions, 'meter'>) {
    this.#deps = deps
    this.#bodies = new BodyReader(deps.limits, deps.bodies)
    this.#decoder = new RemoteWriteDecoder({
      ...options,
      meter: deps.meter,
      now_ms: () => deps.clock.now_ms(),
    })
    this.#traffic = createTraffic(deps.meter, 'remote_write')
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    const { status, message, written } = await this.#outcome(request)
    if (!request.complete) {
      // As with OTLP: the rest of a refused body is let pass.
      response.setHeader('connection', 'close')
      request.resume()
    }
    const headers = {
      ...writtenHeaders(written),
      ...(status === 503 && RETRY_AFTER),
      ...(status === 405 && { allow: 'POST' }),
    }
    if (status !== 204) send(response, { status, type: TEXT, body: `${shortened(message)}\n`, headers })
    else if (!response.destroyed) response.writeHead(status, headers).end()
  }

  async #outcome(request: IncomingMessage): Promise<Outcome> {
    const version = versionOfHead(request.method, request.headers)
    if (typeof version === 'object') {
      this.#traffic.request('metrics', `http_${version.status}`)
      return version
    }
    const share = this.#deps.bodies.share()
    try {
      const receipt = await this.#taken(request, version, share)
      const { rejected, message, written } = receipt
      this.#traffic.request('metrics', rejected > 0 ? 'partial' : 'ok')
      return { status: rejected > 0 ? 400 : 204, message, written }
    } catch (error) {
      const known = error instanceof ServiceError
      this.#traffic.request('metrics', known ? error.code : 'internal')
      if (!known) this.#deps.log.error('a remote write request failed', { error: messageOf(error) })
      return { status: known ? statusOf(error) : 500, message: known ? error.message : 'internal error; see the log' }
    } finally {
      share.release()
    }
  }

  async #taken(request: IncomingMessage, version: 1 | 2, share: Share): Promise<Receipt> {
    // Whatever the sender says, or nothing: there is no other.
    const { body, wire } = await this.#bodies.read(request, share, 'snappy')
    this.#traffic.bytes('metrics', wire)
    const decoder = this.#decoder
    let zeros = { samples: 0, histograms: 0 }
    const receipt = await this.#deps.intake.submit({
      kind: 'samples',
      source: 'remote_write',
      *decode(writer) {
        const signals = yield* decoder.decode(version, body, writer)
        ;({ zeros } = signals)
        return signals
      },
    })
    return receipt.written === undefined ? receipt : { ...receipt, written: sentOf(receipt.written, zeros) }
  }
}

/** Prometheus remote write, versions 1 and 2, on the API's port. Source: Prometheus Remote-Write 1.0 and 2.0 specifications. */
export function remoteWrite(deps: ReceiverDeps, options: Omit<RemoteWriteOptions, 'meter'>): Mount {
  return new RemoteWrite(deps, options)
}
