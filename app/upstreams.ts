import { join } from 'node:path'

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/ports/log.ts'
import type { Meter } from '#core/ports/meter.ts'
import type { SeriesDefinition, SeriesId } from '#core/series.ts'

import { createWriter, RemoteWriters } from '../upstream/index.ts'
import type { Config } from './config.ts'
import { version } from './version.ts'

export interface UpstreamsOptions {
  readonly config: Config
  /** The data folder. */
  readonly data: string
  readonly definition: (id: SeriesId) => SeriesDefinition
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

/** What is sent to the servers of `upstream`. */
export function remoteWriters({ config, data, definition, clock, log, meter }: UpstreamsOptions): RemoteWriters {
  const counter = meter.counter('barograph.upstream.write.samples', {
    description:
      'Samples for an upstream by what became of them: sent, refused, dropped (the queue was full), retried, left_out (too old, or history)',
  })
  const deps = { folder: join(data, 'upstream'), definition, version, clock, fetch, log, counter }
  const writers = Object.entries(config.upstream).flatMap(([name, upstream]) => createWriter(name, upstream, deps) ?? [])
  return new RemoteWriters(writers, { log, meter })
}
