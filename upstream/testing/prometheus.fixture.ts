// A server with as much of Prometheus' HTTP API as history needs, written from the contract.
import type { IncomingMessage, ServerResponse } from 'node:http'

import { Peer } from './peer.fixture.ts'

export interface ServedSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly (readonly [time_ms: number, value: string])[]
  readonly histograms?: readonly (readonly [time_ms: number, histogram: unknown])[]
}

interface Refusal {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const SELECTOR = /^\{(.*)\}(?:\[(\d+)ms\])?$/
/** It scrapes so often. */
const BEAT_MS = 15_000
const MATCHER = /([\w.]+)(=~|!=|!~|=)("(?:[^"\\]|\\.)*")/g

export function failure(status: number, errorType: string, error: string): Refusal {
  return { status, body: JSON.stringify({ status: 'error', errorType, error }) }
}

export class FakePrometheus extends Peer {
  readonly asked: {
    readonly path: string
    readonly method: string
    readonly form: URLSearchParams
    readonly headers: IncomingMessage['headers']
  }[] = []
  series: ServedSeries[] = []
  metadata: Record<string, { type: string; unit: string; help: string }[]> = {}
  /** Of a Thanos, with why it asks them no more; a Prometheus has none. */
  stores: { readonly name: string; readonly lastError: string | null }[] | undefined
  /** Samples of one answer; more is refused as Prometheus does it. */
  most = Infinity
  /** Whether range selectors may be asked for by themselves. */
  raw = true
  /** Whether it takes a request and says nothing. */
  mute: (form: URLSearchParams) => boolean = () => false
  /** What an expression gives at a step, by label set as JSON; undefined: it is a selector of `series`. */
  evaluate: ((expr: string, time_ms: number) => Readonly<Record<string, number>>) | undefined
  /** The newest sample of `up`, and of whatever is asked for in the same way, at a time; there is none where it is undefined. */
  beat: (time_ms: number) => number | undefined = (time_ms) => Math.floor(time_ms / BEAT_MS) * BEAT_MS
  /** Asked first, for each request. */
  refuse: (path: string, method: string, count: number) => Refusal | undefined = () => undefined

  of(path: string): URLSearchParams[] {
    return this.asked.filter((one) => one.path === path).map(({ form }) => form)
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', 'http://x')
    const form = new URLSearchParams(request.method === 'POST' ? Buffer.concat(chunks).toString() : url.search)
    const path = url.pathname.replace('/api/v1/', '')
    if (path === 'stores' && this.stores === undefined) {
      response.writeHead(404).end('404 page not found')
      return
    }
    this.asked.push({ path, method: request.method ?? '', form, headers: request.headers })
    if (this.mute(form)) return
    const refused = this.refuse(path, request.method ?? '', this.asked.length) ?? this.#data(path, form, response)
    if (refused !== undefined) response.writeHead(refused.status, refused.headers).end(refused.body)
  }

  #data(path: string, form: URLSearchParams, response: ServerResponse): Refusal | undefined {
    const say = (data: unknown): undefined => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'success', data }))
    }
    const time = (name: string): number => Number(form.get(name)) * 1000
    if (path === 'metadata') return say(this.metadata)
    if (path === 'stores') return say({ sidecar: this.stores })
    if (path === 'series') {
      const found = this.#select(form.get('match[]') ?? '').filter(({ samples, histograms = [] }) =>
        [...samples, ...histograms].some(([at]) => at >= time('start') && at <= time('end')),
      )
      return say(found.map(({ labels }) => labels).slice(0, Number(form.get('limit') ?? Infinity)))
    }
    const query = form.get('query') ?? ''
    if (query.includes('quantile(0.9, 300 / '))
      return say({
        resultType: 'vector',
        result: marksOf(query).map((metric) => ({ metric, value: [0, String(BEAT_MS / 1000)] })),
      })
    if (path === 'query') {
      const counted = /^count_over_time\((.*)\)$/.exec(query)?.[1]
      const [, , span] = SELECTOR.exec(counted ?? query) ?? []
      if (span === undefined || (!this.raw && counted === undefined))
        return failure(400, 'bad_data', 'range selectors are not allowed here')
      const to_ms = time('time')
      const parts = this.#select((counted ?? query).replace(/\[.*$/, ''))
        .map((one) => cut(one, to_ms - Number(span), to_ms))
        .filter(isFull)
      const total = parts.reduce((sum, part) => sum + part.values.length + part.histograms.length, 0)
      if (total > this.most)
        return failure(422, 'execution', 'query processing would load too many samples into memory in query execution')
      if (counted === undefined)
        return say({
          resultType: 'matrix',
          result: parts.map((part) => ({ ...part, ...(part.values.length === 0 && { values: undefined }) })),
        })
      return say({
        resultType: 'vector',
        result: parts.map(({ metric, values }) => ({ metric, value: [to_ms / 1000, String(values.length)] })),
      })
    }
    return this.#steps(query, form, say)
  }

  #steps(query: string, form: URLSearchParams, say: (data: unknown) => undefined): Refusal | undefined {
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)) * 1000) as [
      number,
      number,
      number,
    ]
    if ((end - start) / step > 11_000)
      return failure(
        400,
        'bad_data',
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      )
    if (query.includes('max(timestamp('))
      return say({ resultType: 'matrix', result: this.#beats(query, start, end, step) })
    if (this.evaluate !== undefined)
      return say({ resultType: 'matrix', result: this.#evaluated(query, start, end, step) })
    const lookback_ms = Number((form.get('lookback_delta') ?? '300000ms').replace('ms', ''))
    const result = this.#select(query).map(({ labels, samples }) => {
      const values: [number, string][] = []
      for (let at = start; at <= end; at += step) {
        const last = samples.findLast(([time_ms]) => time_ms <= at && time_ms > at - lookback_ms)
        if (last !== undefined) values.push([at / 1000, last[1]])
      }
      return { metric: labels, values }
    })
    return say({ resultType: 'matrix', result: result.filter(({ values }) => values.length > 0) })
  }

  #beats(query: string, start: number, end: number, step: number): unknown[] {
    const values: [number, string][] = []
    for (let at = start; at <= end; at += step) {
      const newest = this.beat(at)
      if (newest !== undefined && newest > at - 300_000) values.push([at / 1000, String(newest / 1000)])
    }
    return values.length === 0 ? [] : marksOf(query).map((metric) => ({ metric, values }))
  }

  /** Expressions that are asked together come marked. */
  #evaluated(query: string, start: number, end: number, step: number): unknown[] {
    const marked = [...query.matchAll(/label_replace\((?:vector)?\(\n(.*?)\n\), "(\w+)", "(\d+)", "", ""\)/gs)]
    const parts = marked.length === 0 ? [['', query, '', '']] : marked
    return parts.flatMap(([, expr = '', label = '', number = '']) => {
      const found = new Map<string, [number, string][]>()
      for (let at = start; at <= end; at += step) {
        for (const [labels, value] of Object.entries(this.evaluate!(expr, at))) {
          const values = found.get(labels) ?? []
          found.set(labels, values)
          values.push([at / 1000, String(value)])
        }
      }
      return [...found].map(([labels, values]) => {
        const metric = { ...(JSON.parse(labels) as Record<string, string>), ...(label !== '' && { [label]: number }) }
        return { metric, values }
      })
    })
  }

  #select(selector: string): ServedSeries[] {
    const [, inside = ''] = SELECTOR.exec(selector) ?? []
    const tests = [...inside.matchAll(MATCHER)].map(([, name, op, text]) => {
      const value = JSON.parse(text!) as string
      const pattern = new RegExp(`^(?:${value})$`)
      return ({ labels }: ServedSeries): boolean => {
        const own = labels[name!] ?? ''
        if (op === '=' || op === '!=') return (own === value) === (op === '=')
        return pattern.test(own) === (op === '=~')
      }
    })
    return this.series.filter((one) => tests.every((test) => test(one)))
  }
}

function cut({ labels, samples, histograms = [] }: ServedSeries, from_ms: number, to_ms: number) {
  const inside = ([at]: readonly [number, ...unknown[]]): boolean => at > from_ms && at <= to_ms
  return {
    metric: labels,
    values: samples.filter(inside).map(([at, value]) => [at / 1000, value] as const),
    histograms: histograms.filter(inside).map(([at, shown]) => [at / 1000, shown] as const),
  }
}

const isFull = ({ values, histograms }: ReturnType<typeof cut>): boolean => values.length + histograms.length > 0

/** Labels by which the parts of an expression are told apart; one without any where it has no parts. */
function marksOf(query: string): Record<string, string>[] {
  const marks = [...query.matchAll(/"(\w+)", "(\d+)", "", ""\)/g)]
  return marks.length === 0 ? [{}] : marks.map(([, label = '', number = '']) => ({ [label]: number }))
}
