import { ServiceError } from '#core/errors.ts'
import type { QueryEngine, QueryResult, ResultSeries } from '#core/ports/query-engine.ts'
import type { Matcher, SeriesReader, SeriesSlice } from '#core/ports/series-reader.ts'
import { Labels } from '#core/series.ts'

/** 2026-11-20T10:00:00Z. */
export const NOW_MS = 1_795_168_800_000

const LOOKBACK_MS = 300_000
const NO_NOTES = { warnings: [], infos: [] }

function slice(labels: Record<string, string>, ...samples: readonly (readonly [number, number])[]): SeriesSlice {
  return {
    labels: Labels.of(labels),
    time_ms: Float64Array.from(samples, ([time_ms]) => time_ms),
    value: Float64Array.from(samples, ([, value]) => value),
    stale: new Uint8Array(samples.length),
  }
}

const SERIES: readonly SeriesSlice[] = [
  slice({ __name__: 'up', job: 'checkout', instance: 'a:1' }, [NOW_MS - 30_000, 1], [NOW_MS, 1]),
  slice({ __name__: 'up', job: 'payments', instance: 'b:1' }, [NOW_MS - 30_000, 1], [NOW_MS - 100, 0]),
  slice({ __name__: 'odd', 'a.b': '"quoted" 中文' }, [NOW_MS, 1e-7]),
]

function satisfies(labels: Labels, { name, op, value }: Matcher): boolean {
  const here = labels.get(name)
  if (op === '=' || op === '!=') return (here === value) === (op === '=')
  return new RegExp(`^(?:${value})$`, 's').test(here) === (op === '=~')
}

/** Three series in memory. */
export const reader: SeriesReader = {
  select(matchers, { from_ms, to_ms }) {
    return SERIES.filter(({ labels }) => matchers.every((matcher) => satisfies(labels, matcher))).filter(
      ({ time_ms }) => time_ms.some((at) => at >= from_ms && at <= to_ms),
    )
  },
  labelSets(matchers, range = { from_ms: -Infinity, to_ms: Infinity }) {
    return reader.select(matchers, range).map(({ labels }) => labels)
  },
  exemplars(matchers, { from_ms, to_ms }) {
    const exemplar = { labels: Labels.of({ trace_id: 'abc' }), value: 6, time_ms: NOW_MS - 55 }
    if (exemplar.time_ms < from_ms || exemplar.time_ms > to_ms) return []
    return SERIES.slice(0, 1)
      .filter(({ labels }) => matchers.every((matcher) => satisfies(labels, matcher)))
      .map(({ labels }) => ({ labels, exemplars: [exemplar] }))
  },
  extent: () => ({ from_ms: NOW_MS - 30_000, to_ms: NOW_MS }),
  metadata: () => [
    { name: 'odd', type: 'unknown', unit: '', help: '' },
    { name: 'up', type: 'gauge', unit: '', help: 'whether it answered' },
  ],
}

const SELECTOR = /^(?<name>[a-z_]*)(?:\{(?<inside>.*)\})?$/
const MATCHER = /(?<name>\w+)(?<op>=~|!~|!=|=)"(?<value>[^"]*)"/g

function matchersOf(selector: string): Matcher[] {
  const parts = SELECTOR.exec(selector)?.groups
  if (parts === undefined || selector === '') {
    throw new ServiceError('bad_data', '1:4: parse error: unexpected end of input inside braces')
  }
  const inside = [...(parts['inside'] ?? '').matchAll(MATCHER)].map(({ groups = {} }) => ({
    name: groups['name'] ?? '',
    op: groups['op'] as Matcher['op'],
    value: groups['value'] ?? '',
  }))
  const name = parts['name'] ?? ''
  return name === '' ? inside : [{ name: '__name__', op: '=', value: name }, ...inside]
}

function valuesAt(expr: string, times: readonly number[]): ResultSeries[] {
  return reader.select(matchersOf(expr), { from_ms: -Infinity, to_ms: Infinity }).flatMap((found) => {
    const points = times.flatMap((at) => {
      const i = found.time_ms.findLastIndex((time_ms) => time_ms <= at && time_ms > at - LOOKBACK_MS)
      return i === -1 ? [] : [{ at, value: found.value[i] ?? Number.NaN }]
    })
    if (points.length === 0) return []
    return [
      {
        labels: found.labels,
        time_ms: Float64Array.from(points, ({ at }) => at),
        value: Float64Array.from(points, ({ value }) => value),
      },
    ]
  })
}

/** Understands selectors, `1+1` and `"text"`; fails where the expression says how. */
export const query: QueryEngine = {
  async instant(expr, time_ms): Promise<QueryResult> {
    if (expr === '1+1') return { type: 'scalar', time_ms, value: 2, ...NO_NOTES }
    if (expr === '"text"') return { type: 'string', time_ms, value: 'text', ...NO_NOTES }
    if (expr === 'too slow') throw new ServiceError('timeout', 'query timed out in expression evaluation')
    if (expr === 'many to many') throw new ServiceError('execution', 'found duplicate series for the match group')
    if (expr === 'a bug') throw new Error('BUG: not for the eyes of clients')
    return { type: 'vector', series: valuesAt(expr, [time_ms]), ...NO_NOTES }
  },
  async range(expr, { from_ms, to_ms, step_ms }) {
    const times = Array.from({ length: Math.floor((to_ms - from_ms) / step_ms) + 1 }, (_, i) => from_ms + i * step_ms)
    return { type: 'matrix', series: valuesAt(expr, times), ...NO_NOTES }
  },
  inspect: (expr) => ({
    type: 'vector',
    selectors: [{ matchers: matchersOf(expr), reach_ms: 0 }],
    plain: null,
    unit: '',
  }),
  format: (expr) => expr,
  matchers: matchersOf,
}
