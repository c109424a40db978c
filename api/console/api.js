/**
 * What the API answers, in the forms that it documents in /openapi.json.
 * @typedef {Record<string, string>} Labels
 * @typedef {{ id: string, rule: string, metric?: string, unit?: string, labels: Labels, service?: string, severity: string,
 *   kind: string, direction: string, since: string, last?: string, until?: string, peak_score?: number, value?: number,
 *   expected?: number, lower?: number, upper?: number, sentence: string, state: string, evidence?: boolean, experts?: string[],
 *   lasted_seconds?: number, similar?: string, feedback?: string }} Finding
 * @typedef {{ kind: string, ref?: string, text: string, series?: string, at: string, weight?: number }} Evidence
 * @typedef {{ service: string, share?: number, change?: string, evidence: Evidence[] }} Cause
 * @typedef {{ id: string, state: 'open' | 'acknowledged' | 'resolved', severity: string, title: string, symptom?: string,
 *   opened_at: string, updated_at: string, acknowledged_at?: string, resolved_at?: string, services: string[],
 *   findings: string[], alerts: { rule?: string, fingerprint: string, labels: Labels, annotations?: Labels, state: string }[], changes: string[],
 *   causes: Cause[], joins: { member: string, reason: string, weight?: number }[],
 *   timeline: { at: string, what: string, ref: string, text: string }[] }} Incident
 * @typedef {{ id: string, kind: string, service?: string, at: string, title: string, source: string, url?: string }} Change
 * @typedef {{ policy: string, value?: number, needed_now?: number, current?: number, min?: number, max?: number,
 *   lower?: number, upper?: number, lead_seconds?: number, target_time?: string, as_of?: string, trust?: number,
 *   reason: string, stale: boolean, demand?: string }} Hint
 * @typedef {{ labels: Labels, made_at: string, model: string, trust: number, skill?: number,
 *   coverage?: Record<string, number>, points: { at: string, quantiles: Record<string, number> }[] }} SeriesForecast
 * @typedef {{ metric: Labels, values: [number, string][] }} MatrixSeries
 * @typedef {{ metric: Labels, value: [number, string] }} VectorSample
 * @typedef {{ name: string, query: string, type: string, health?: string, lastError?: string, series?: number }} Rule
 */

import { language } from './language.js'

/** An answer that is not a success; `status` 0 means that there was no answer. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** @typedef {Record<string, string | number | undefined>} Params */

/**
 * @param {string} path
 * @param {Params} params
 */
function address(path, params) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.append(name, String(value))
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<any>}
 */
async function ask(url, init) {
  /** @type {Response} */
  let response
  try {
    response = await fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new ApiError(0, 'unreachable', '')
  }
  const body = await response.json().catch(() => null)
  if (response.ok && body !== null) return body
  const message = body?.error?.message ?? body?.error ?? `HTTP ${response.status}`
  throw new ApiError(response.status, body?.error?.code ?? body?.errorType ?? '', String(message))
}

/**
 * One of our own paths; its sentences come in the reader's language.
 * @param {string} path
 * @param {Params} [params]
 * @param {AbortSignal} [signal]
 */
export function own(path, params = {}, signal) {
  return ask(address(path, { ...params, lang: language() }), signal === undefined ? {} : { signal })
}

/**
 * @param {string} path
 * @param {object} [body]
 */
export function post(path, body) {
  const said = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return ask(address(path, { lang: language() }), { method: 'POST', ...said })
}

/**
 * A path of the Prometheus API: its `data`, and the warnings beside it.
 * @param {string} path
 * @param {Params} [params]
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ data: any, warnings: string[] }>}
 */
export async function prometheus(path, params = {}, signal) {
  const { data, warnings = [] } = await ask(address(`/api/v1/${path}`, params), signal === undefined ? {} : { signal })
  return { data, warnings }
}

/**
 * @param {string} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<VectorSample[]>} a scalar is one sample without labels
 */
export async function instant(query, signal) {
  const { data } = await prometheus('query', { query }, signal)
  return data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result
}

/** @typedef {{ from_ms: number, to_ms: number, step_ms: number }} Range */

/**
 * @param {string} query
 * @param {Range} range
 * @param {AbortSignal} [signal]
 * @param {number} [limit] series
 * @returns {Promise<{ series: MatrixSeries[], warnings: string[] }>}
 */
export async function ranged(query, { from_ms, to_ms, step_ms }, signal, limit) {
  const params = { query, start: from_ms / 1000, end: to_ms / 1000, step: step_ms / 1000, limit }
  const { data, warnings } = await prometheus('query_range', params, signal)
  return { series: data.result, warnings }
}

/**
 * What the page goes by of the configuration in force: by the clocks of which zone the server speaks, and where it takes OTLP
 * over HTTP. The defaults where it does not say.
 * @returns {Promise<{ zone: string, otlp: string }>}
 */
export async function configured() {
  const { data } = await prometheus('status/config').catch(() => ({ data: { yaml: '' } }))
  const zone = /^time_zone: "?([\w/+-]+)/m.exec(data.yaml)?.[1] ?? 'UTC'
  const port = /^ +otlp_http: (\w+)/m.exec(data.yaml)?.[1] ?? '4318'
  // Metrics are taken on the port of the page too.
  const otlp = port === 'off' ? `${location.origin}/api/v1/otlp` : `http://${location.hostname}:${port}`
  return { zone, otlp }
}

/**
 * Names of rules and their expressions.
 * @param {'anomaly' | 'all'} type
 * @param {AbortSignal} [signal]
 * @returns {Promise<Map<string, string>>}
 */
export async function expressions(type, signal) {
  return new Map((await rules(type, signal)).map(({ name, query }) => [name, query]))
}

/**
 * The rules of one kind, or all.
 * @param {'anomaly' | 'forecast' | 'all'} type
 * @param {AbortSignal} [signal]
 * @returns {Promise<Rule[]>}
 */
export async function rules(type, signal) {
  const { data } = await prometheus('rules', { type }, signal)
  return data.groups.flatMap((/** @type {{ rules: Rule[] }} */ group) => group.rules)
}
