import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { dashboardFiles } from '../../dashboards/files.ts'
import { createQueryEngine } from '../../query/index.ts'
import { emittedSeries, seriesNames } from './emitted.ts'
import { captured, type Dashboard, type Panel, panelQueries, substituted, variableQuery } from './queries.ts'

const FOLDER = join(import.meta.dirname, '../../dashboards')
const SHIPPED = ['barograph.json', 'overview.json']
const VALUES = {
  rule: 'R',
  series: 'host_name="a",metric="m"',
  metric: 'm',
  labels: 'host_name="a"',
  forecast: 'demand',
  forecast_series: 'service="checkout"',
  policy: '.+',
  job: '.+',
  instance: '.+',
}

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8')
const load = (name: string): Dashboard => JSON.parse(read(name)) as Dashboard
const engine = createQueryEngine({ readers: [] })

test('the shipped dashboards are those that the code makes: npm run dashboards', () => {
  expect(new Map(SHIPPED.map((name) => [name, read(name)]))).toEqual(dashboardFiles())
})

test.each(SHIPPED)('%s is a dashboard that Grafana can provision', (name) => {
  const dashboard = load(name)
  expect(dashboard.id).toBeUndefined()
  expect(dashboard.uid).toMatch(/^[\w-]{1,40}$/)
  expect(dashboard.editable).toBe(false)
  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39)
  const [first] = dashboard.templating.list
  expect(first).toMatchObject({ type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' })
  const ids = dashboard.panels.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(Math.min(...ids)).toBeGreaterThan(0)
})

const CHOSEN = { type: 'prometheus', uid: '${datasource}' }
const isChosen = (ref: unknown): boolean => JSON.stringify(ref) === JSON.stringify(CHOSEN)

/** What a panel leaves unsaid. */
function gaps({ type, title, description, fieldConfig, datasource, targets = [], gridPos }: Panel): string[] {
  const checks: [string, boolean][] = [
    ['title', title !== ''],
    ['place', gridPos.x + gridPos.w <= 24],
  ]
  if (type !== 'row') {
    const refs = targets.map(({ refId }) => refId)
    checks.push(
      ['description', (description ?? '') !== ''],
      ['unit', (fieldConfig?.defaults.unit ?? '') !== ''],
      ['data source', isChosen(datasource) && targets.every((target) => isChosen(target.datasource))],
      ['query', targets.length > 0 && new Set(refs).size === refs.length],
      ['legend', type === 'table' || targets.every(({ legendFormat = '' }) => legendFormat !== '')],
    )
  }
  return checks.filter(([, good]) => !good).map(([what]) => `${title}: ${what}`)
}

test.each(SHIPPED)('%s: every panel says what it shows, in which unit, from the chosen data source', (name) => {
  const { panels, templating, annotations } = load(name)
  expect(panels.flatMap(gaps)).toEqual([])
  const [, ...variables] = templating.list
  expect(variables.filter(({ datasource, refresh }) => !isChosen(datasource) || refresh !== 2)).toEqual([])
  expect(annotations.list.filter(({ datasource }) => !isChosen(datasource))).toEqual([])
})

test.each(SHIPPED)('%s: panels do not lie on each other', (name) => {
  const cells = load(name).panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  )
  expect(cells.filter((cell, i) => cells.indexOf(cell) !== i)).toEqual([])
})

test.each(SHIPPED)('%s: every query is PromQL that is built, about series that Barograph makes', (name) => {
  // The measured series is whatever the rule follows.
  const known = new Set([...emittedSeries(), VALUES.metric])
  const queries = panelQueries(load(name), VALUES)
  const metrics = queries.flatMap(({ panel, expr }) =>
    engine.inspect(expr).selectors.map(({ matchers }) => {
      const metric = matchers.find((matcher) => matcher.name === '__name__' && matcher.op === '=')?.value
      return { panel, metric: metric ?? '' }
    }),
  )
  expect(metrics.length).toBeGreaterThan(5)
  expect(metrics.filter(({ metric }) => !known.has(metric))).toEqual([])
})

test.each(SHIPPED)('%s: a rate covers its interval, and a counter is never drawn as it is', (name) => {
  const exprs = load(name).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const windows = exprs.flatMap((expr) => [...expr.matchAll(/\brate\([^[]*\[([^\]]+)\]/g)].map(([, window]) => window))
  expect(windows.filter((window) => window !== '$__rate_interval')).toEqual([])
  const bare = exprs.filter((expr) => expr.replaceAll(/\b(?:rate|increase)\(\w+/g, '').includes('_total'))
  expect(bare).toEqual([])
})

test.each(SHIPPED)('%s: variables ask what can be answered', (name) => {
  const asked = load(name).templating.list.flatMap((variable) => variableQuery(variable, VALUES) ?? [])
  expect(asked.length).toBeGreaterThan(1)
  const results = asked.filter(({ kind }) => kind === 'query_result').map(({ expr }) => engine.inspect(expr).type)
  expect(results.filter((type) => type !== 'vector')).toEqual([])
  const values = asked.filter(({ kind }) => kind === 'label_values')
  expect(values.filter(({ label, expr }) => label === '' || engine.matchers(expr).length === 0)).toEqual([])
})

test('a band pairs one upper with one lower line by their names', () => {
  const bands = load('overview.json').panels.filter(({ fieldConfig }) =>
    fieldConfig?.overrides.some(({ properties }) => properties.some(({ id }) => id === 'custom.fillBelowTo')),
  )
  expect(bands.map(({ title }) => title)).toEqual(['Measured and expected: $rule', 'Forecast: $forecast'])
  const edges = bands.map(({ targets = [] }) =>
    targets.map(({ legendFormat }) => legendFormat).filter((legend) => legend === 'upper' || legend === 'lower'),
  )
  expect(edges).toEqual([
    ['upper', 'lower'],
    ['upper', 'lower'],
  ])
})

test('the overview reaches into the future, where forecasts lie', () => {
  expect(load('overview.json').time).toEqual({ from: 'now-6h', to: 'now+2h' })
})

test('provisioning names the folder, the data source and what it must not cache', () => {
  const sources = parse(read('provisioning/datasources/barograph.yml')) as {
    apiVersion: number
    datasources: { uid: string; type: string; isDefault?: boolean; jsonData: Record<string, unknown> }[]
  }
  expect(sources.apiVersion).toBe(1)
  const own = sources.datasources.find(({ uid }) => uid === 'barograph')
  expect(own).toMatchObject({
    type: 'prometheus',
    isDefault: true,
    jsonData: { incrementalQuerying: false, manageAlerts: true },
  })
  expect(sources.datasources.filter(({ isDefault }) => isDefault)).toHaveLength(1)
  const { providers } = parse(read('provisioning/dashboards/barograph.yml')) as {
    providers: { type: string; options: { path: string } }[]
  }
  expect(providers).toMatchObject([
    { type: 'file', allowUiUpdates: false, options: { path: '/var/lib/grafana/dashboards/barograph' } },
  ])
})

test('names and values are put in as Grafana does it', () => {
  expect(substituted('rate(x{a="$a",${b:raw}}[$__rate_interval])', { a: '1', b: 'c="d"' })).toBe(
    'rate(x{a="1",c="d"}[1m])',
  )
  expect(captured(String.raw`/\{(.*)\}/`, '{a="b",c="d"} 1 1700000000000')).toBe('a="b",c="d"')
  expect(captured(String.raw`/\{(.*)\}/`, 'x 1')).toBeUndefined()
})

test('a meter name becomes the name that the store has', () => {
  expect(seriesNames('counter', 'barograph.store.samples', '')).toEqual(['barograph_store_samples_total'])
  expect(seriesNames('gauge', 'barograph.store.size', 'By')).toEqual(['barograph_store_size_bytes'])
  expect(seriesNames('histogram', 'barograph.api.duration', 's')[0]).toBe('barograph_api_duration_seconds_bucket')
  expect(seriesNames('gauge', 'barograph.api.stream.clients', '{client}')).toEqual(['barograph_api_stream_clients'])
})
