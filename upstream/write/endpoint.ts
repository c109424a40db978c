import { messageOf, ServiceError } from '#core/errors.ts'

import type { Peer } from '../peer.ts'

/** An answer to a write is looked at, not read. */
const ANSWER_BYTES = 65_536

/** A compressed request, ready to be sent. */
export interface WriteBody {
  readonly version: 1 | 2
  readonly bytes: Uint8Array
  /** Samples, those of native histograms included; of metadata 0. */
  readonly samples: number
}

export type WriteAnswer =
  | { readonly kind: 'taken' }
  /** To be tried again; `wait_ms`: as long as the receiver asks for. */
  | { readonly kind: 'later'; readonly wait_ms: number | undefined; readonly why: string }
  /** Never to be tried again as it is. `partly`: halves of it may be taken. `written`: samples that were taken all the same. */
  | { readonly kind: 'refused'; readonly partly: boolean; readonly written: number; readonly why: string }

const PROTOCOLS = {
  1: { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
  2: {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  },
} as const

/** Refusals that are about what is in a request, so that a part of it may be good. Thanos says 409 of samples that are late. */
const ABOUT_CONTENT: ReadonlySet<number> = new Set([400, 409, 413, 422])

/**
 * A receiver of remote write, 1.0 and 2.0. What its answers mean is as the specification has it: 5xx and 429 are tried again, other
 * 4xx are not; 2.0 without the headers that say what was written is no success.
 */
export class WriteEndpoint {
  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
  }

  get origin(): string {
    return this.#peer.origin
  }

  /** `attempt` counts from 0. Never throws for what a peer or the network does. */
  async send(
    { version, bytes, samples }: WriteBody,
    { attempt, signal }: { readonly attempt: number; readonly signal: AbortSignal },
  ): Promise<WriteAnswer> {
    try {
      const answer = await this.#peer.ask({
        method: 'POST',
        headers: {
          ...PROTOCOLS[version],
          'content-encoding': 'snappy',
          ...(attempt > 0 && { 'retry-attempt': String(attempt) }),
        },
        body: bytes,
        limit: ANSWER_BYTES,
        signal,
      })
      return this.#meaning(answer, version, samples)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      return { kind: 'later', wait_ms: undefined, why: messageOf(error) }
    }
  }

  #meaning(
    { status, headers, body, retry_after_ms }: Awaited<ReturnType<Peer['ask']>>,
    version: 1 | 2,
    samples: number,
  ): WriteAnswer {
    const said = this.#peer.shown(body)
    const why = `answered ${status}${said === '' ? '' : `: ${said}`}`
    if (status >= 500 || status === 429) {
      return { kind: 'later', wait_ms: retry_after_ms, why }
    }
    if (status < 200 || status > 299) {
      // 2.0 has kept what was good of it; what is left would be refused again.
      const written = version === 2 ? writtenOf(headers) : undefined
      const partly = ABOUT_CONTENT.has(status) && written === undefined
      return { kind: 'refused', partly, written: Math.min(written ?? 0, samples), why }
    }
    if (version === 2 && samples > 0 && writtenOf(headers) === undefined) {
      return {
        kind: 'refused',
        partly: false,
        written: 0,
        why: 'it does not say what it has written: it may not know remote write 2.0; try version: 1',
      }
    }
    return { kind: 'taken' }
  }
}

/** What a receiver of 2.0 has kept; undefined where it does not say. */
function writtenOf(headers: Headers): number | undefined {
  const kinds = ['samples', 'histograms'].map((kind) => headers.get(`x-prometheus-remote-write-${kind}-written`))
  if (kinds.every((count) => count === null)) return undefined
  return kinds.reduce((sum, count) => sum + (Number(count) || 0), 0)
}
