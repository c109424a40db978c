import type { Secret } from '#core/config/secret.ts'
import type { Finding } from '#core/finding.ts'
import type { Incident } from '#core/incident.ts'
import type { Locale } from '#core/sentences.ts'

import type { Notice } from './sending/notice.ts'

/** What a channel may be given. `key`: of two messages with one key only the newer is worth sending. */
export type Message =
  | { readonly kind: 'notice'; readonly key: string; readonly notice: Notice }
  | { readonly kind: 'finding'; readonly key: string; readonly finding: Finding }
  | { readonly kind: 'incident'; readonly key: string; readonly incident: Incident; readonly title: string }

/** Told apart by what they say of themselves, never by their type. */
export interface Channel {
  /** For logs, meters and the notification log: unique among the channels and free of secrets. */
  readonly name: string
  readonly wants: readonly Message['kind'][]
  /** `again`: firing notices are sent again and again, and a failure waits for the next time. `once`: until it worked. */
  readonly delivery: 'again' | 'once'
  /** False: told of what begins, not of what ends. */
  readonly resolved: boolean
  /** Messages that go into one `send`. */
  readonly batch: number
  /**
   * Sends; one call at a time. Throws `ServiceError`: retryable for 5xx, 429 and what the network does, final for anything else the
   * peer refuses; nothing secret in its message. Gives up when `signal` says so.
   */
  send(messages: readonly Message[], context: SendContext): Promise<void>
  close(): Promise<void>
}

export interface SendContext {
  /** Wall time of sending. */
  readonly now_ms: number
  readonly signal: AbortSignal
}

/** What a channel is made with beside its own configuration. */
export interface ChannelDeps {
  readonly fetch: typeof fetch
  /** Of Barograph, for `User-Agent`. */
  readonly version: string
  readonly external_url: string
  readonly locale: Locale
  readonly resend_ms: number
}

/** One kind of channel: a file in `channels/`, a line in `channels.ts`. */
export interface ChannelKind<Config> {
  readonly type: string
  create(config: Config, deps: ChannelDeps): Channel
}

export interface ElasticsearchTarget {
  readonly url: string
  readonly auth?: { readonly username: string; readonly password: Secret } | { readonly api_key: Secret } | undefined
  readonly write: readonly ('incidents' | 'findings')[]
}

export interface WebhookTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, Secret>>
  readonly send_resolved: boolean
}
