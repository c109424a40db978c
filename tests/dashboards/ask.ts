// Asks a running Barograph what Grafana would ask for a dashboard.
import { captured, type Dashboard, panelQueries, type PanelQuery, type Variable, variableQuery } from './queries.ts'

export interface Answer extends PanelQuery {
  /** Series in the result. */
  readonly series: number
  /** '' when it was answered. */
  readonly error: string
}

interface Body {
  readonly status: string
  readonly error?: string
  readonly data?: unknown
}

interface Result {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
}

export interface Asked {
  /** What each variable was given: its first answer; all of several. */
  readonly values: Readonly<Record<string, string>>
  readonly answers: readonly Answer[]
}

/** The range of the dashboard, in seconds around a time. */
export interface Range {
  readonly from: number
  readonly to: number
}

async function get(base: string, path: string, params: Readonly<Record<string, string>>): Promise<Body> {
  const response = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(params).toString()}`)
  return (await response.json()) as Body
}

/** A result as Grafana's `query_result` writes it. */
function written({ metric, value = [0, ''] }: Result): string {
  const { __name__: name = '', ...labels } = metric
  const pairs = Object.entries(labels).map(([key, label]) => `${key}=${JSON.stringify(label)}`)
  return `${name}{${pairs.join(',')}} ${value[1]} ${value[0] * 1000}`
}

async function answersOf(
  base: string,
  variable: Variable,
  values: Readonly<Record<string, string>>,
  { from, to }: Range,
): Promise<string[]> {
  const asked = variableQuery(variable, values)
  if (asked === null) return []
  if (asked.kind === 'label_values') {
    const match: Record<string, string> = asked.expr === '' ? {} : { 'match[]': asked.expr }
    const { data = [], error } = await get(base, `label/${asked.label}/values`, {
      ...match,
      start: String(from),
      end: String(to),
    })
    if (error !== undefined) throw new Error(`variable ${variable.name}: ${error}`)
    return data as string[]
  }
  const { data, error } = await get(base, 'query', { query: asked.expr, time: String(to) })
  if (error !== undefined) throw new Error(`variable ${variable.name}: ${error}`)
  const { result } = data as { result: Result[] }
  return result.flatMap((one) => captured(asked.regex, written(one)) ?? [])
}

async function ask(base: string, query: PanelQuery, { from, to }: Range): Promise<Answer> {
  const params = { query: query.expr }
  const body = query.instant
    ? await get(base, 'query', { ...params, time: String(to) })
    : await get(base, 'query_range', { ...params, start: String(from), end: String(to), step: '15' })
  const result = (body.data as { result?: unknown[] } | undefined)?.result
  return { ...query, series: result?.length ?? 0, error: body.error ?? '' }
}

/** Variables are answered in order, as they depend on each other; then every query is asked over the range. */
export async function askDashboard(base: string, dashboard: Dashboard, range: Range): Promise<Asked> {
  const values: Record<string, string> = {}
  for (const variable of dashboard.templating.list) {
    const answers = await answersOf(base, variable, values, range)
    values[variable.name] = variable.includeAll === true ? (variable.allValue ?? '.+') : (answers[0] ?? '')
  }
  const answers: Answer[] = []
  for (const query of panelQueries(dashboard, values)) answers.push(await ask(base, query, range))
  return { values, answers }
}
