import { createHash } from 'node:crypto'

import { formatDuration, parseDuration } from '#core/config/duration.ts'
import { Labels } from '#core/series.ts'

import type { ScrapeJob } from '../config/job-schema.ts'
import { ADDRESS } from '../discovery/discovery.ts'
import { relabel } from '../relabel/relabel.ts'

const SCHEME = '__scheme__'
const PATH = '__metrics_path__'
const INTERVAL = '__scrape_interval__'
const TIMEOUT = '__scrape_timeout__'
const PARAM = '__param_'

/** Where to scrape, how often, and the labels of what comes. */
export interface Target {
  /** Of the same labels and address: the same target. */
  readonly key: string
  readonly url: URL
  readonly labels: Labels
  /** Before relabelling. */
  readonly discovered: Labels
  readonly interval_ms: number
  readonly timeout_ms: number
}

/** What became of a discovered target: one to scrape, one that relabelling drops, or one that cannot be scraped. */
export type Placed =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'dropped'; readonly discovered: Labels }
  | { readonly kind: 'bad'; readonly discovered: Labels; readonly reason: string }

function withDefaults(labels: ReadonlyMap<string, string>, job: ScrapeJob): Map<string, string> {
  const draft = new Map(labels)
  const defaults: [string, string][] = [
    ['job', job.job],
    [INTERVAL, formatDuration(job.interval_ms)],
    [TIMEOUT, formatDuration(job.timeout_ms)],
    [PATH, job.path],
    [SCHEME, job.scheme],
    ...Object.entries(job.params).map(([name, [first = '']]): [string, string] => [`${PARAM}${name}`, first]),
  ]
  for (const [name, value] of defaults) if (!draft.get(name)) draft.set(name, value)
  return draft
}

/** Only the first value of a parameter can be relabelled; the others stay. In the order of their names, as Go writes them. */
function urlOf(draft: ReadonlyMap<string, string>, job: ScrapeJob): URL {
  const path = draft.get(PATH) ?? ''
  const url = new URL(`${draft.get(SCHEME)}://${draft.get(ADDRESS)}${path.startsWith('/') ? path : `/${path}`}`)
  for (const [name, value] of draft)
    if (name.startsWith(PARAM)) url.searchParams.append(name.slice(PARAM.length), value)
  for (const [name, [, ...more]] of Object.entries(job.params))
    for (const value of more) url.searchParams.append(name, value)
  url.searchParams.sort()
  return url
}

function durations(draft: ReadonlyMap<string, string>): { interval_ms: number; timeout_ms: number } | string {
  const interval_ms = parseDuration(draft.get(INTERVAL) ?? '') ?? 0
  const timeout_ms = parseDuration(draft.get(TIMEOUT) ?? '') ?? 0
  if (interval_ms <= 0) return `${INTERVAL} ${JSON.stringify(draft.get(INTERVAL) ?? '')} is not a duration above 0`
  if (timeout_ms <= 0) return `${TIMEOUT} ${JSON.stringify(draft.get(TIMEOUT) ?? '')} is not a duration above 0`
  return timeout_ms > interval_ms ? `${TIMEOUT} is longer than ${INTERVAL}` : { interval_ms, timeout_ms }
}

/** Prepares, relabels and checks what was discovered. Source: `PopulateLabels` of prometheus/scrape. */
export function placed(found: ReadonlyMap<string, string>, job: ScrapeJob): Placed {
  const draft = withDefaults(found, job)
  const discovered = Labels.of(draft)
  const bad = (reason: string): Placed => ({ kind: 'bad', discovered, reason })
  if (!relabel(job.relabel_configs, draft)) return { kind: 'dropped', discovered }
  const address = draft.get(ADDRESS) ?? ''
  if (address === '') return bad('it has no address')
  if (/[/\s]/.test(address)) return bad(`${JSON.stringify(address)} is not an address`)
  const scheme = draft.get(SCHEME) ?? ''
  if (scheme !== 'http' && scheme !== 'https') return bad(`scheme ${JSON.stringify(scheme)} is unknown`)
  const times = durations(draft)
  if (typeof times === 'string') return bad(times)
  if (!draft.get('instance')) draft.set('instance', address)
  let url: URL
  try {
    url = urlOf(draft, job)
  } catch {
    return bad(`${JSON.stringify(address)} is not an address`)
  }
  const labels = Labels.of([...draft].filter(([name]) => !name.startsWith('__')))
  const key = createHash('md5')
    .update(`${labels.key}\u0002${url.href}\u0002${times.interval_ms} ${times.timeout_ms}`)
    .digest('hex')
  return { kind: 'target', target: { key, url, labels, discovered, ...times } }
}
