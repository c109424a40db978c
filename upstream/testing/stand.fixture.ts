// A writer with a store of its own in front of it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Clock, systemClock } from '#core/clock.ts'
import { silentMeter } from '#core/ports/meter.ts'
import type { SampleOrigin } from '#core/ports/stored-samples.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import { Store } from '#core/store/store.ts'

import { Peer } from '../peer.ts'
import { WriteEndpoint } from '../write/endpoint.ts'
import { SentMarks } from '../write/marks.ts'
import type { ShardLimits } from '../write/shard.ts'
import { RemoteWriter, type WriterOptions } from '../write/writer.ts'
import { RemoteWriters } from '../write/writers.ts'

export const NOW = 1_795_000_000_000
/** What is waited for comes much sooner, unless the machine is busy with other things. */
const WAIT_MS = 60_000

export interface StandOptions extends Partial<
  Pick<WriterOptions, 'what' | 'version' | 'shards' | 'max_age_ms' | 'exemplars'>
> {
  readonly url: string
  /** `/api/v1/write` by default. */
  readonly path?: string
  readonly limits?: Partial<ShardLimits>
  readonly clock?: Clock
  /** Marks are kept here; a folder of its own where it is not given. */
  readonly folder?: string
  readonly store?: Store
}

const folders: string[] = []

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-upstream-'))
  folders.push(folder)
  return folder
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

export class Stand {
  readonly store: Store
  readonly writer: RemoteWriter
  readonly writers: RemoteWriters
  readonly warnings: string[] = []
  /** By outcome. */
  readonly exemplars: Record<string, number> = {}
  readonly #batch = new SampleBuilder()

  constructor({
    url,
    path = '/api/v1/write',
    limits = {},
    clock = systemClock,
    folder = temporaryFolder(),
    store,
    ...rest
  }: StandOptions) {
    this.store =
      store ??
      new Store({ limits: { series: 1e6, series_per_metric: 1e6 }, analysis_ms: () => undefined, meter: silentMeter })
    const warn = (message: string): void => void this.warnings.push(message)
    const log = { debug() {}, info() {}, warn, error: warn }
    const peer = new Peer({ url: `${url}${path}`, headers: {}, timeout_ms: 2000, version: 'test', clock, fetch })
    this.writer = new RemoteWriter({
      name: 'prom',
      what: 'all',
      version: 1,
      max_age_ms: 1e13,
      exemplars: 0,
      shards: 2,
      limits: {
        samples: 100_000,
        bytes: 2 ** 26,
        batch: 100,
        deadline_ms: 20,
        backoff_ms: 5,
        backoff_max_ms: 40,
        ...limits,
      },
      endpoint: new WriteEndpoint(peer),
      marks: new SentMarks(join(folder, 'prom.sent'), log),
      definition: (id) => this.store.definition(id),
      clock,
      log,
      counters: {
        samples: { add() {} },
        exemplars: {
          add: (count, { outcome } = {}) =>
            void (this.exemplars[String(outcome)] = (this.exemplars[String(outcome)] ?? 0) + count),
        },
      },
      ...rest,
    })
    this.writers = new RemoteWriters([this.writer], { log, meter: silentMeter })
  }

  /** Stores samples as one request, series by name. */
  put(
    samples: readonly (readonly [name: string, time_ms: number, value: number, series?: string])[],
    origin: SampleOrigin = 'received',
    exemplars: readonly (readonly [name: string, time_ms: number, value: number])[] = [],
  ): void {
    this.#batch.clear()
    for (const [name, time_ms, value, series] of samples)
      this.#batch.float(this.store.resolve(gauge(name, series)), time_ms, value, value !== value)
    for (const [name, time_ms, value] of exemplars) {
      const labels = Labels.of({ trace_id: `${name} ${value}` })
      this.#batch.exemplar({ series: this.store.resolve(gauge(name)), time_ms, value, labels })
    }
    const batch = this.#batch.batch()
    this.writers.stored(batch, this.store.append(batch), origin)
  }

  /** `count` rounds of one sample for each of `series`; returns the sum of the values. */
  rounds(from: number, count: number, series: number): number {
    let sum = 0
    for (let round = from; round < from + count; round++) {
      this.put(Array.from({ length: series }, (_, i) => [`m${i}`, NOW + round * 1000, round * 7 + i] as const))
      for (let i = 0; i < series; i++) sum += round * 7 + i
    }
    return sum
  }

  async stop(wait_ms = 2000): Promise<void> {
    await this.writers.stop(AbortSignal.timeout(wait_ms))
  }
}

function gauge(name: string, series = ''): SeriesDefinition {
  return {
    labels: Labels.of({ __name__: name, job: 'test', series }),
    type: 'gauge',
    unit: '',
    help: 'A test.',
    kind: 'float',
    bounds: new Float64Array(),
  }
}

export async function until(what: string, is: () => boolean): Promise<void> {
  const end_ms = systemClock.now_ms() + WAIT_MS
  while (!is()) {
    if (systemClock.now_ms() > end_ms) throw new Error(`not within ${WAIT_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
