import type { Snapshot } from '#core/component.ts'
import { ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { StoredSamples } from '#core/ports/stored-samples.ts'
import { ByteReader, ByteWriter } from '#core/store/bytes.ts'

import type { WaitingBody } from './shard.ts'
import type { RemoteWriter } from './writer.ts'

const VERSION = 1
/** Smallest form of a shard and of a request in a snapshot, for plausibility. */
const SHARD_BYTES = 9
const BODY_BYTES = 19

/**
 * Every writer: what is stored goes to all of them. Over a restart the queues are kept in the checkpoint; what was stored after it
 * comes again from the journal, and each writer's marks tell how much of that was sent.
 */
export class RemoteWriters implements StoredSamples, Snapshot {
  readonly name = 'remote_write'
  readonly #writers: readonly RemoteWriter[]
  readonly #log: Log

  constructor(writers: readonly RemoteWriter[], { log, meter }: { readonly log: Log; readonly meter: Meter }) {
    this.#writers = writers
    this.#log = log
    const sum = (read: (writer: RemoteWriter) => number): number =>
      this.#writers.reduce((total, writer) => total + read(writer), 0)
    meter.gauge('barograph.upstream.write.waiting', { description: 'Samples that wait to be sent' }, () =>
      sum((writer) => writer.state().waiting),
    )
    meter.gauge('barograph.upstream.write.size', { description: 'Requests that wait', unit: 'By' }, () =>
      sum((writer) => writer.state().bytes),
    )
    meter.gauge(
      'barograph.upstream.write.lag',
      { description: 'Age of the oldest request that waits, of the slowest upstream', unit: 's' },
      () => Math.max(0, ...this.#writers.map((writer) => writer.state().lag_ms)) / 1000,
    )
  }

  of(name: string): RemoteWriter | undefined {
    return this.#writers.find((writer) => writer.name === name)
  }

  stored(...told: Parameters<StoredSamples['stored']>): void {
    for (const writer of this.#writers) writer.stored(...told)
  }

  /** The journal has been applied. */
  start(): void {
    for (const writer of this.#writers) writer.start()
  }

  async stop(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop(signal)))
  }

  save(): Uint8Array {
    const out = new ByteWriter(4096)
    out.u8(VERSION)
    out.varint(this.#writers.length)
    for (const { name, what, shards } of this.#writers) {
      out.text(name)
      out.text(what)
      out.varint(shards.length)
      for (const shard of shards) {
        shard.seal()
        out.f64(shard.offered)
        out.varint(shard.waiting.length)
        for (const body of shard.waiting) saveBody(out, body)
      }
    }
    return out.copy()
  }

  /** What waits for an upstream that is no longer written to is let go, and that is said. */
  load(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes)
    const version = reader.u8()
    if (version !== VERSION)
      throw new ServiceError('bad_data', `queues of version ${version}; this program reads ${VERSION}`)
    for (let left = reader.count(1); left > 0; left--) this.#loadWriter(reader)
  }

  #loadWriter(reader: ByteReader): void {
    const name = reader.text()
    const what = reader.text()
    const shards = Array.from({ length: reader.count(SHARD_BYTES) }, () => ({
      offered: reader.f64(),
      waiting: Array.from({ length: reader.count(BODY_BYTES) }, () => loadBody(reader)),
    }))
    const writer = this.of(name)
    if (writer === undefined) {
      const samples = shards.flatMap(({ waiting }) => waiting).reduce((sum, body) => sum + body.samples, 0)
      if (samples > 0) this.#log.warn('samples waited for an upstream that is gone', { upstream: name, samples })
      return
    }
    // Marks count what these settings offer to these shards; after a change they mean nothing.
    const same = writer.what === what && writer.shards.length === shards.length
    if (!same) for (const shard of writer.shards) shard.settled = 0
    for (const [i, { offered, waiting }] of shards.entries()) {
      const shard = writer.shards[i % writer.shards.length]!
      if (same) shard.offered = offered
      for (const body of waiting) if (body.last > shard.settled) shard.restore(same ? body : { ...body, last: 0 })
    }
  }
}

function saveBody(out: ByteWriter, { version, samples, last, made_ms, bytes }: WaitingBody): void {
  out.u8(version)
  out.varint(samples)
  out.f64(last)
  out.f64(made_ms)
  out.varint(bytes.length)
  out.raw(bytes)
}

function loadBody(reader: ByteReader): WaitingBody {
  const version = reader.u8() === 2 ? 2 : 1
  const samples = reader.varint()
  const last = reader.f64()
  const made_ms = reader.f64()
  return { version, samples, last, made_ms, bytes: Uint8Array.from(reader.raw(reader.count(1))) }
}
