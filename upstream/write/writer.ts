import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter } from '#core/ports/meter.ts'
import type { SampleOrigin, StoredSamples } from '#core/ports/stored-samples.ts'
import type { Exemplar, SampleBatch } from '#core/sample.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import { familyOf, OutgoingSeries } from '../wire/outgoing.ts'
import { packed } from '../wire/packing.ts'
import { encodeMetadata, RequestEncoder1 } from '../wire/request-1.ts'
import { RequestEncoder2 } from '../wire/request-2.ts'
import type { WriteEndpoint } from './endpoint.ts'
import { HeldExemplars } from './held-exemplars.ts'
import type { SentMarks } from './marks.ts'
import { Shard, type ShardLimits, type ShardOutcome } from './shard.ts'

const METADATA_MS = 60_000
/** Metrics that metadata is sent of. */
const FAMILIES = 20_000
/** Counted from logs: as many as there are templates, and no result. */
const NO_RESULT = /^barograph_log_/

export interface WriterOptions {
  /** Of the upstream. */
  readonly name: string
  readonly what: 'results' | 'all'
  readonly version: 1 | 2
  /** Older samples are left out: they are history, and no receiver takes them behind newer ones. */
  readonly max_age_ms: number
  /** How many may wait for a sample of their series; 0: they are not sent. */
  readonly exemplars: number
  readonly shards: number
  /** Of the whole queue. */
  readonly limits: ShardLimits
  readonly endpoint: WriteEndpoint
  readonly marks: SentMarks
  readonly definition: (id: SeriesId) => SeriesDefinition
  /** For series that do not have them. */
  readonly external_labels?: Labels
  readonly clock: Clock
  readonly log: Log
  /** Samples, and exemplars, by `upstream` and `outcome`. */
  readonly counters: { readonly samples: Counter; readonly exemplars: Counter }
}

/** Samples by what became of them since the start. */
export type WriterCounts = Readonly<Record<ShardOutcome | 'left_out', number>>

export interface WriterState {
  readonly waiting: number
  readonly bytes: number
  /** How long the oldest waiting request has waited. */
  readonly lag_ms: number
  readonly counts: WriterCounts
  /** What the receiver said when it last did not take something; '' when it did since. */
  readonly trouble: string
}

const NO_EXEMPLARS: readonly Exemplar[] = []

const UNKNOWN = 0
const WANTED = 1
const UNWANTED = 2

/** Sends what is stored to one receiver of remote write. Ingest never waits for it: what finds no room pushes the oldest out. */
export class RemoteWriter implements StoredSamples {
  readonly name: string
  readonly shards: readonly Shard[]
  readonly #options: WriterOptions
  readonly #series: OutgoingSeries
  readonly #families = new Map<string, SeriesDefinition>()
  readonly #settled: Float64Array
  readonly #exemplars: HeldExemplars
  readonly #counts = { sent: 0, refused: 0, dropped: 0, retried: 0, left_out: 0 }
  /** By series: whether it is sent. */
  #wanted = new Uint8Array(1024)
  #trouble = ''
  #stopMetadata: () => void = () => undefined
  #stop = new AbortController()

  constructor(options: WriterOptions) {
    this.#options = options
    this.name = options.name
    this.#series = new OutgoingSeries(options.definition, { external: options.external_labels ?? Labels.empty })
    const { version, clock, endpoint, shards, limits } = options
    const encoder = version === 1 ? new RequestEncoder1() : new RequestEncoder2()
    const each = { ...limits, samples: limits.samples / shards, bytes: limits.bytes / shards }
    this.#settled = new Float64Array(shards)
    this.#exemplars = new HeldExemplars(options.exemplars)
    this.shards = Array.from(
      { length: shards },
      (_, index) =>
        new Shard({
          version,
          limits: each,
          clock,
          encode: (batch) => encoder.encode(batch, this.#series),
          send: (body, attempt, signal) => endpoint.send(body, { attempt, signal }),
          count: (outcome, samples, why) => this.#count(outcome, samples, why),
          settled: () => this.#note(index),
        }),
    )
    // What comes again from the journal up to these marks is not sent again.
    const marks = options.marks.read(shards)
    for (const [i, shard] of this.shards.entries()) shard.settled = marks?.[i] ?? 0
  }

  get what(): 'results' | 'all' {
    return this.#options.what
  }

  stored(batch: SampleBatch, { fresh, exemplars }: Parameters<StoredSamples['stored']>[1], origin: SampleOrigin): void {
    if (origin !== 'derived' && this.#options.what === 'results') return
    const now_ms = this.#options.clock.now_ms()
    const oldest_ms = now_ms - this.#options.max_age_ms
    // The receiver has history already: it came from there. What is made here never speaks of the future.
    const newest_ms = origin === 'history' ? -Infinity : origin === 'derived' ? now_ms : Infinity
    if (this.#options.exemplars > 0) for (const exemplar of exemplars) this.#hold(exemplar)
    const left = this.#floats(batch, fresh, oldest_ms, newest_ms) + this.#histograms(batch, fresh, oldest_ms, newest_ms)
    if (left > 0) this.#count('left_out', left, '')
  }

  /** The journal has been applied: from here on everything is new. */
  start(): void {
    for (const [i, shard] of this.shards.entries()) {
      shard.settled = Math.min(shard.settled, shard.offered)
      this.#settled[i] = shard.settled
    }
    // Marks that are ahead would hold back what comes again after the next crash.
    this.#options.marks.write(this.#settled)
    for (const shard of this.shards) shard.start()
    if (this.#options.version === 1) {
      this.#stopMetadata = this.#options.clock.every(METADATA_MS, () => void this.#sendMetadata())
    }
  }

  /** Sends what waits until `signal` says that it has been long enough. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopMetadata()
    this.#stop.abort()
    await Promise.all(this.shards.map((shard) => shard.drain(signal)))
    this.#options.marks.close()
  }

  state(): WriterState {
    const now_ms = this.#options.clock.now_ms()
    const oldest = this.shards.map(({ oldest_ms }) => oldest_ms ?? now_ms)
    return {
      waiting: this.shards.reduce((sum, { samples }) => sum + samples, 0),
      bytes: this.shards.reduce((sum, { bytes }) => sum + bytes, 0),
      lag_ms: Math.max(0, now_ms - Math.min(...oldest)),
      counts: this.#counts,
      trouble: this.#trouble,
    }
  }

  /** Gives fresh floats of wanted series to their shards; how many were left out for their time. */
  #floats({ floats }: SampleBatch, fresh: Uint8Array, oldest_ms: number, newest_ms: number): number {
    const { series, time_ms, value, stale } = floats
    const count = this.shards.length
    let left = 0
    for (let i = 0; i < floats.length; i++) {
      if (fresh[i] !== 1) continue
      const id = series[i]!
      if ((this.#wanted[id] ?? UNKNOWN) !== WANTED && !this.#wants(id)) continue
      const shard = this.shards[id % count]!
      const exemplars = this.#alongWith(id)
      if (++shard.offered <= shard.settled) continue
      const time = time_ms[i]!
      if (time < oldest_ms || time > newest_ms) left++
      else shard.float(id, time, value[i]!, stale[i] === 1, this.#attached(exemplars))
    }
    return left
  }

  #histograms({ floats, histograms }: SampleBatch, fresh: Uint8Array, oldest_ms: number, newest_ms: number): number {
    let left = 0
    for (let i = 0; i < histograms.length; i++) {
      if (fresh[floats.length + i] !== 1) continue
      const id = histograms.series[i]!
      if (!this.#wants(id)) continue
      const shard = this.shards[id % this.shards.length]!
      const exemplars = this.#alongWith(id)
      if (++shard.offered <= shard.settled) continue
      const time_ms = histograms.time_ms[i]!
      const width = this.#series.of(id).length
      if (time_ms < oldest_ms || time_ms > newest_ms) {
        left += width
        continue
      }
      const sample = {
        series: id,
        time_ms,
        sum: histograms.sum[i]!,
        count: histograms.count[i]!,
        buckets: histograms.buckets.subarray(histograms.start[i], histograms.start[i + 1]),
        stale: histograms.stale[i] === 1,
      }
      shard.histogram(sample, width, this.#attached(exemplars))
    }
    return left
  }

  #hold(exemplar: Exemplar): void {
    if (this.#wants(exemplar.series)) this.#countExemplars('dropped', this.#exemplars.add(exemplar))
  }

  /** What goes the way of the next sample of a series, whichever that is. */
  #alongWith(id: SeriesId): readonly Exemplar[] {
    return this.#exemplars.size > 0 ? this.#exemplars.take(id) : NO_EXEMPLARS
  }

  #attached(exemplars: readonly Exemplar[]): readonly Exemplar[] {
    this.#countExemplars('attached', exemplars.length)
    return exemplars
  }

  #countExemplars(outcome: 'attached' | 'dropped', count: number): void {
    if (count > 0) this.#options.counters.exemplars.add(count, { upstream: this.name, outcome })
  }

  /** Whether a series is sent; asked once a series. */
  #wants(id: SeriesId): boolean {
    if (id >= this.#wanted.length) {
      const larger = new Uint8Array(Math.max(id + 1, this.#wanted.length * 2))
      larger.set(this.#wanted)
      this.#wanted = larger
    }
    if (this.#wanted[id] === UNKNOWN) {
      const definition = this.#options.definition(id)
      const wanted = this.#options.what === 'all' || !NO_RESULT.test(definition.labels.name)
      this.#wanted[id] = wanted ? WANTED : UNWANTED
      if (wanted && this.#families.size < FAMILIES) this.#families.set(familyOf(definition), definition)
    }
    return this.#wanted[id] === WANTED
  }

  #note(index: number): void {
    this.#settled[index] = this.shards[index]!.settled
    this.#options.marks.write(this.#settled)
  }

  #count(outcome: keyof WriterCounts, samples: number, why: string): void {
    const { counters, log, endpoint, name } = this.#options
    this.#counts[outcome] += samples
    counters.samples.add(samples, { upstream: name, outcome })
    const to = { upstream: name, server: endpoint.origin }
    // Said once for as long as it lasts; the counters tell the rest.
    if (why !== '' && this.#trouble === '')
      log.warn('an upstream does not take samples', { ...to, outcome, error: why })
    if (outcome === 'sent' && this.#trouble !== '') log.info('an upstream takes samples again', to)
    if (why !== '') this.#trouble = why
    else if (outcome === 'sent') this.#trouble = ''
  }

  /** Best effort: the next one comes in a minute. */
  async #sendMetadata(): Promise<void> {
    const { endpoint, limits } = this.#options
    const all = [...this.#families.values()]
    for (let from = 0; from < all.length; from += limits.batch) {
      const bytes = packed(encodeMetadata(all.slice(from, from + limits.batch)))
      const signal = this.#stop.signal
      const answer = await endpoint.send({ version: 1, bytes, samples: 0 }, { attempt: 0, signal })
      if (answer.kind !== 'taken') return
    }
  }
}
