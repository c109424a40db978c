import { join } from 'node:path'

import type { Clock } from '#core/clock.ts'
import type { Intake } from '#core/ports/intake.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter, Meter } from '#core/ports/meter.ts'
import type { ExpressionInfo } from '#core/ports/query-engine.ts'
import type { Questions } from '#core/ports/questions.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'

import { revealed } from './address.ts'
import { RuleAsking } from './asking/asking.ts'
import { UpstreamClient } from './client/client.ts'
import { Backfill } from './history/backfill.ts'
import { HistoryMarks } from './history/marks.ts'
import { wantedSteps, type Wish } from './history/plan.ts'
import { Peer } from './peer.ts'
import type { UpstreamSettings } from './settings.ts'
import { UpstreamList } from './upstreams.ts'
import type { RemoteWriters } from './write/writers.ts'

const TELL_MS = 600_000

export interface UpstreamDeps {
  /** Where marks are kept. */
  readonly folder: string
  readonly writers: RemoteWriters
  readonly intake: Intake
  readonly wishes: () => readonly Wish[]
  readonly inspect: (expr: string) => ExpressionInfo
  readonly reader: Pick<SeriesReader, 'extent'>
  readonly retention_ms: number
  readonly questions: Questions
  readonly lateness_ms: number
  readonly version: string
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly log: Log
  readonly meter: Meter
}

/** The upstreams of the configuration, with what is written to them and fetched from them. */
export function createUpstreams(
  upstreams: Readonly<Record<string, UpstreamSettings>>,
  deps: UpstreamDeps,
): UpstreamList {
  const counter = deps.meter.counter('barograph.upstream.history.samples', {
    description:
      'Samples of history by what became of them: fetched, of those refused, skipped (histograms without a form here)',
  })
  const queries = deps.meter.counter('barograph.upstream.rules.queries', {
    description: 'Queries for rules that are evaluated on an upstream, by what became of them: answered, failed',
  })
  const samples = deps.meter.counter('barograph.upstream.rules.samples', {
    description: 'Samples in answers to queries for rules',
  })
  const passedOver = deps.meter.counter('barograph.upstream.rules.passed_over', {
    description:
      'Steps of rules that were passed over, by reason: failed (they cannot be evaluated there), away (the upstream itself had no samples)',
  })
  const short = deps.meter.counter('barograph.upstream.partial_answers', {
    description: 'Answers that were taken though the upstream warned that something may be missing in them',
  })
  const list = new UpstreamList(
    Object.entries(upstreams).map(([name, settings]) => {
      const { url, headers, timeout } = settings
      const { version, clock, fetch } = deps
      const client = new UpstreamClient(
        new Peer({ url: revealed(url), headers, timeout_ms: timeout, version, clock, fetch }),
        shortOf(name, short, deps),
      )
      return {
        name,
        server: client.origin,
        writer: deps.writers.of(name),
        backfill: backfillOf(name, settings, client, counter, deps),
        asking: askingOf(name, settings, client, { queries, samples, passedOver }, deps),
      }
    }),
  )
  deps.meter.gauge(
    'barograph.upstream.history.missing',
    { description: 'Span of history that is still to be fetched, of the upstream that is furthest behind', unit: 's' },
    () => list.missing_ms / 1000,
  )
  deps.meter.gauge(
    'barograph.upstream.rules.behind',
    { description: 'How far rules of an upstream are behind, of the one that is furthest', unit: 's' },
    () => list.behind_ms / 1000,
  )
  return list
}

/** The same server warns with each answer: it is told now and then. */
function shortOf(name: string, counter: Counter, { clock, log }: UpstreamDeps): (why: string) => void {
  let told_ms = -Infinity
  return (warning) => {
    counter.add(1, { upstream: name })
    if (clock.now_ms() - told_ms < TELL_MS) return
    told_ms = clock.now_ms()
    log.warn('something may be missing in what the upstream answers', { upstream: name, warning })
  }
}

function askingOf(
  name: string,
  { rules: settings, history }: UpstreamSettings,
  client: UpstreamClient,
  counters: { readonly queries: Counter; readonly samples: Counter; readonly passedOver: Counter },
  { intake, questions, wishes, inspect, lateness_ms, retention_ms, clock, log }: UpstreamDeps,
): RuleAsking {
  const range_ms = Math.min(history?.range ?? 0, retention_ms)
  return new RuleAsking({
    name,
    settings,
    client,
    intake,
    questions: () => questions.questions().filter(({ datasource }) => datasource === name),
    ranges: () => wantedSteps(wishes(), { range_ms, inspect }),
    inspect,
    lateness_ms,
    retention_ms,
    clock,
    log,
    ...counters,
  })
}

function backfillOf(
  name: string,
  { history }: UpstreamSettings,
  client: UpstreamClient,
  counter: Counter,
  { folder, intake, wishes, inspect, reader, retention_ms, clock, log }: UpstreamDeps,
): Backfill | undefined {
  if (history === null) return undefined
  const marks = new HistoryMarks(join(folder, `${encodeURIComponent(name)}.history.json`), log)
  return new Backfill({
    name,
    settings: history,
    retention_ms,
    client,
    marks,
    intake,
    wishes,
    inspect,
    reader,
    clock,
    log,
    counter,
  })
}
