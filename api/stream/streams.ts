import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { LiveEvent, LiveEvents } from '#core/ports/live.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { Locale } from '#core/sentences/language.ts'

const HEARTBEAT_MS = 15_000
const encoder = new TextEncoder()
const HEARTBEAT = encoder.encode(': still here\n\n')
const HELLO = encoder.encode('retry: 3000\n\n')

interface Client {
  readonly locale: Locale
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  /** Cuts the connection; undefined where there is none (a test). */
  readonly cut: (() => void) | undefined
}

export interface StreamsOptions {
  readonly live: LiveEvents
  /** One event as the wire has it, its blank line included. */
  readonly encode: (event: LiveEvent, locale: Locale) => string
  readonly clock: Clock
  readonly meter: Meter
  readonly clients: number
  /** What may wait for one client. */
  readonly bytes: number
}

/** Everybody who follows live: one subscription inside, a bounded queue for each client outside. */
export class Streams {
  readonly #options: StreamsOptions
  readonly #clients = new Set<Client>()
  readonly #dropped: Counter
  readonly #refused: Counter
  #leave: (() => void) | undefined

  constructor(options: StreamsOptions) {
    this.#options = options
    const { meter } = options
    const unit = '{client}'
    this.#dropped = meter.counter('barograph.api.stream.dropped', {
      description: 'Slow readers of the stream dropped',
      unit,
    })
    this.#refused = meter.counter('barograph.api.stream.refused', {
      description: 'Readers over the limit refused',
      unit,
    })
    meter.gauge(
      'barograph.api.stream.clients',
      { description: 'Readers of the stream', unit },
      () => this.#clients.size,
    )
  }

  /** The bytes for one more client, until he goes. Throws `overloaded` at the limit. */
  open(locale: Locale, cut?: () => void): ReadableStream<Uint8Array> {
    const { clients, bytes } = this.#options
    if (this.#clients.size >= clients) {
      this.#refused.add(1)
      throw new ServiceError('overloaded', `${clients} clients follow the stream already (limits.stream_clients)`)
    }
    let client: Client | undefined
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          client = { locale, controller, cut }
          this.#enter(client)
          controller.enqueue(HELLO)
        },
        cancel: () => {
          if (client !== undefined) this.#exit(client)
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bytes }),
    )
  }

  /** Ends every stream. */
  close(): void {
    for (const client of this.#clients) {
      this.#exit(client)
      client.controller.close()
    }
  }

  #enter(client: Client): void {
    this.#clients.add(client)
    if (this.#leave !== undefined) return
    const { live, clock } = this.#options
    const unsubscribe = live.subscribe((event) => this.#publish(event))
    const cancel = clock.every(HEARTBEAT_MS, () => this.#send(() => HEARTBEAT))
    this.#leave = () => {
      unsubscribe()
      cancel()
    }
  }

  #exit(client: Client): void {
    this.#clients.delete(client)
    if (this.#clients.size > 0) return
    this.#leave?.()
    this.#leave = undefined
  }

  /** Encoded once for each language that somebody reads: the zone is that of the server. */
  #publish(event: LiveEvent): void {
    const texts = new Map<Locale['language'], Uint8Array>()
    this.#send((locale) => {
      const known = texts.get(locale.language)
      if (known !== undefined) return known
      const bytes = encoder.encode(this.#options.encode(event, locale))
      texts.set(locale.language, bytes)
      return bytes
    })
  }

  #send(bytesFor: (locale: Locale) => Uint8Array): void {
    for (const client of this.#clients) {
      const bytes = bytesFor(client.locale)
      if ((client.controller.desiredSize ?? 0) >= bytes.length) client.controller.enqueue(bytes)
      else this.#drop(client)
    }
  }

  /** He would rather come again and read the lists than hold our memory. */
  #drop(client: Client): void {
    this.#exit(client)
    this.#dropped.add(1)
    if (client.cut === undefined) client.controller.error(new Error('the reader of a stream was too slow'))
    else client.cut()
  }
}
