// Every query of a dashboard, as Grafana would send it.

interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat?: string
  readonly instant?: boolean
  readonly range?: boolean
  readonly datasource?: { type: string; uid: string }
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { type: string; uid: string }
  readonly gridPos: { x: number; y: number; w: number; h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: {
    defaults: { unit?: string }
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[]
  }
}

export interface Variable {
  readonly type: string
  readonly name: string
  readonly label?: string
  readonly query: string
  readonly regex?: string
  readonly multi?: boolean
  readonly includeAll?: boolean
  readonly allValue?: string
  readonly refresh?: number
  readonly datasource?: { type: string; uid: string }
}

export interface Dashboard {
  readonly id?: number
  readonly uid: string
  readonly title: string
  readonly editable: boolean
  readonly schemaVersion: number
  readonly time: { from: string; to: string }
  readonly templating: { list: readonly Variable[] }
  readonly annotations: { list: readonly { name: string; expr: string; datasource: { uid: string } }[] }
  readonly panels: readonly Panel[]
}

export interface PanelQuery {
  readonly dashboard: string
  readonly panel: string
  readonly refId: string
  readonly expr: string
  /** Asked for at one time, at the end of the range, rather than over it. */
  readonly instant: boolean
}

/** What Grafana puts for its macros with a range of an hour and a scrape every 15 s. */
const MACROS: Readonly<Record<string, string>> = { __rate_interval: '1m', __interval: '15s', __range: '1h' }

/** `$name`, `${name}` and `${name:raw}` with values put in; of unknown names nothing is left. */
export function substituted(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    return values[name] ?? MACROS[name] ?? ''
  })
}

/** The queries of all panels and annotations, in order. */
export function panelQueries(dashboard: Dashboard, values: Readonly<Record<string, string>>): PanelQuery[] {
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr, instant }) => ({
      dashboard: dashboard.uid,
      panel: title,
      refId,
      expr: substituted(expr, values),
      instant: instant === true,
    })),
  )
  const notes = dashboard.annotations.list.map(({ name, expr }) => ({
    dashboard: dashboard.uid,
    panel: `annotation ${name}`,
    refId: 'Anno',
    expr: substituted(expr, values),
    instant: false,
  }))
  return [...panels, ...notes]
}

/** How a variable is answered: names of label values, or the results of a query. */
export interface VariableQuery {
  readonly name: string
  readonly kind: 'label_values' | 'query_result'
  /** A selector, '' for none; or the query. */
  readonly expr: string
  /** Of label values. */
  readonly label: string
  readonly regex: string
}

/** A query variable's question once the variables before it are known; null for one that asks nothing. */
export function variableQuery(variable: Variable, values: Readonly<Record<string, string>>): VariableQuery | null {
  if (variable.type !== 'query') return null
  const regex = variable.regex ?? ''
  const result = /^query_result\((.*)\)$/s.exec(variable.query)?.[1]
  if (result !== undefined) {
    return { name: variable.name, kind: 'query_result', expr: substituted(result, values), label: '', regex }
  }
  const [, selector = '', label = ''] = /^label_values\((?:(.*),\s*)?(\w+)\)$/s.exec(variable.query) ?? []
  return { name: variable.name, kind: 'label_values', expr: substituted(selector, values), label, regex }
}

/** What a variable's regex takes from one answer; undefined when it does not fit. */
export function captured(regex: string, answer: string): string | undefined {
  if (regex === '') return answer
  const found = new RegExp(regex.replace(/^\/|\/$/g, '')).exec(answer)
  return found === null ? undefined : (found[1] ?? found[0])
}
