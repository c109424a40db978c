import { setTimeout as sleep } from 'node:timers/promises'

import { history } from './history.ts'
import { LiveShop } from './live.ts'
import type { Progress } from './progress.ts'

const FAULT = { service: 'payments-db', factor: 40 }
const DEPLOY = {
  kind: 'deploy',
  service: 'payments-db',
  title: 'payments-db v2.4.1',
  source: 'demo',
  url: 'https://git.example.com/shop/payments-db/releases/v2.4.1',
}

export interface StoryOptions {
  /** OTLP/HTTP receiver. */
  readonly otlp_url: string
  /** API and console. */
  readonly api_url: string
  readonly days: number
  /** From the first live request to the deploy that goes wrong. */
  readonly calm_ms: number
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly now_ms: () => number
}

/** What the story came to. */
export interface Outcome {
  readonly incident:
    | { readonly id: string; readonly title: string; readonly cause: string; readonly change: string }
    | undefined
  readonly alert: string | undefined
  readonly hint: { readonly value: number; readonly needed_now: number; readonly reason: string } | undefined
  /** From the first live request to the incident that names the cause, ms. */
  readonly took_ms: number
}

interface IncidentForm {
  readonly id: string
  readonly title: string
  readonly causes: readonly { readonly service: string; readonly change?: string }[]
}

async function send(url: string, body: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}

async function ask<T>(url: string): Promise<T | undefined> {
  const response = await fetch(url).catch(() => undefined)
  return response?.ok === true ? ((await response.json()) as T) : undefined
}

/** Ten days of history, a minute of calm, a bad deploy; ends when the incident names it, or after three minutes without. */
export async function tell(options: StoryOptions): Promise<Outcome> {
  const { otlp_url, days, progress, signal, now_ms, calm_ms } = options
  const begin_ms = Math.floor(now_ms() / 60_000) * 60_000
  for (const { done, body } of history(begin_ms, days)) {
    if (signal.aborted) break
    progress.step(`writing ${days === 1 ? 'a day' : `${days} days`} of history`, done)
    await send(`${otlp_url}/v1/metrics`, body)
  }
  const shop = new LiveShop(otlp_url, begin_ms)
  shop.catchUp(now_ms())
  try {
    return await live(shop, { ...options, calm_ms })
  } finally {
    await shop.stop()
  }
}

async function live(shop: LiveShop, options: StoryOptions): Promise<Outcome> {
  const { api_url, calm_ms, progress, signal, now_ms } = options
  const started_ms = now_ms()
  let outcome: Outcome | undefined
  while (!signal.aborted) {
    const elapsed_ms = now_ms() - started_ms
    shop.second(now_ms())
    if (shop.fault === undefined && elapsed_ms >= calm_ms) {
      await send(`${api_url}/api/v1/changes`, JSON.stringify(DEPLOY))
      shop.fault = FAULT
    }
    if (shop.fault !== undefined && outcome === undefined) {
      const seen = await look(api_url, elapsed_ms)
      const late = elapsed_ms > calm_ms + 180_000
      if (complete(seen) || late) {
        outcome = seen
        progress.done(sentences(seen, api_url))
      }
    }
    if (outcome === undefined) say(progress, shop, elapsed_ms, calm_ms)
    await sleep(1000 - (now_ms() % 1000), undefined, { signal }).catch(() => undefined)
  }
  return outcome ?? look(api_url, now_ms() - started_ms)
}

function say(progress: Progress, shop: LiveShop, elapsed_ms: number, calm_ms: number): void {
  if (shop.fault === undefined) progress.step('the shop is open; a deploy of payments-db comes', elapsed_ms / calm_ms)
  else progress.step('payments-db v2.4.1 is out and slow; waiting for the incident', (elapsed_ms - calm_ms) / 120_000)
}

async function look(api_url: string, took_ms: number): Promise<Outcome> {
  const incidents = await ask<{ incidents: IncidentForm[] }>(`${api_url}/api/v1/incidents?state=open`)
  const alerts = await ask<{ data: { alerts: { state: string; labels: Record<string, string> }[] } }>(
    `${api_url}/api/v1/alerts`,
  )
  const hint = await ask<{ value: number; needed_now: number; reason: string }>(`${api_url}/api/v1/scaling/storefront`)
  const blamed =
    incidents?.incidents.find(({ causes }) => causes[0]?.service === DEPLOY.service) ?? incidents?.incidents[0]
  const cause = blamed?.causes[0]
  return {
    incident:
      blamed === undefined
        ? undefined
        : { id: blamed.id, title: blamed.title, cause: cause?.service ?? '', change: cause?.change ?? '' },
    alert: alerts?.data.alerts.find(({ state }) => state === 'firing')?.labels['alertname'],
    hint,
    took_ms,
  }
}

const complete = ({ incident, alert, hint }: Outcome): boolean =>
  incident?.cause === DEPLOY.service && incident.change !== '' && alert !== undefined && hint !== undefined

function sentences({ incident, alert, hint, took_ms }: Outcome, api_url: string): string[] {
  const after = `${Math.round(took_ms / 1000)} s`
  return [
    incident === undefined
      ? `After ${after} there is no incident.`
      : `After ${after}: one incident, "${incident.title}". Cause: ${incident.cause === '' ? 'unknown' : incident.cause}${incident.change === '' ? '' : ', after its deploy'}.`,
    alert === undefined ? 'No alert fires yet.' : `Alert ${alert} fires.`,
    hint === undefined
      ? 'No replica hint yet.'
      : `Replica hint for the storefront: ${hint.value} (needed now: ${hint.needed_now}). ${hint.reason}`,
    ...(incident === undefined ? [] : [`Incident:  ${api_url}/#/incidents/${incident.id}`]),
    `Console:   ${api_url}/`,
    `Forecast:  ${api_url}/#/forecast?q=storefront_demand`,
  ]
}
