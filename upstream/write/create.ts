import { join } from 'node:path'

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import { Labels, type SeriesDefinition, type SeriesId } from '#core/series.ts'

import { revealed } from '../address.ts'
import { Peer } from '../peer.ts'
import type { UpstreamSettings } from '../settings.ts'
import { WriteEndpoint } from './endpoint.ts'
import { SentMarks } from './marks.ts'
import { RemoteWriter } from './writer.ts'
import { RemoteWriters } from './writers.ts'

const WRITE_PATH = '/api/v1/write'
/** As Prometheus has them. */
const BACKOFF = { backoff_ms: 30, backoff_max_ms: 5000 }

export interface WritersDeps {
  /** Where marks are kept. */
  readonly folder: string
  readonly definition: (id: SeriesId) => SeriesDefinition
  readonly external_labels: Readonly<Record<string, string>>
  readonly version: string
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly log: Log
  readonly meter: Meter
}

/** The writers of those upstreams that something is written to. */
export function createWriters(upstreams: Readonly<Record<string, UpstreamSettings>>, deps: WritersDeps): RemoteWriters {
  const { log, meter } = deps
  const samples = meter.counter('barograph.upstream.write.samples', {
    description:
      'Samples for an upstream by what became of them: sent, refused, dropped (the queue was full), retried, left_out (too old, or history)',
  })
  const exemplars = meter.counter('barograph.upstream.write.exemplars', {
    description:
      'Exemplars for an upstream: attached to a sample of their series, whose fate is theirs; dropped (too many waited for one)',
  })
  const counters = { samples, exemplars }
  const writers = Object.entries(upstreams).flatMap(
    ([name, upstream]) => writerOf(name, upstream, counters, deps) ?? [],
  )
  return new RemoteWriters(writers, { log, meter })
}

function writerOf(
  name: string,
  upstream: UpstreamSettings,
  counters: { readonly samples: Counter; readonly exemplars: Counter },
  { folder, definition, external_labels, version, clock, fetch, log }: WritersDeps,
): RemoteWriter | undefined {
  const settings = upstream.remote_write
  if (settings === null) return undefined
  const { queue, what } = settings
  const { samples, bytes, batch, deadline } = queue
  const peer = new Peer({
    url: settings.url === undefined ? withPath(revealed(upstream.url), WRITE_PATH) : revealed(settings.url),
    // What is secret for one server is not told to another.
    headers: settings.headers ?? (settings.url === undefined ? upstream.headers : {}),
    timeout_ms: queue.timeout,
    version,
    clock,
    fetch,
  })
  return new RemoteWriter({
    name,
    what,
    version: settings.version,
    max_age_ms: settings.max_age,
    exemplars: settings.send_exemplars ? queue.exemplars : 0,
    shards: queue.shards,
    limits: { samples, bytes, batch, deadline_ms: deadline, ...BACKOFF },
    endpoint: new WriteEndpoint(peer),
    marks: new SentMarks(join(folder, `${encodeURIComponent(name)}.sent`), log),
    definition,
    external_labels: Labels.of(external_labels),
    clock,
    log,
    counters,
  })
}

function withPath(address: string, path: string): string {
  const url = new URL(address)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url.href
}
