import {
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  SortOrder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** The chosen data source: never a fixed one. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

/** One query of a panel; `legend` is a template, or a fixed name where an override matches it. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

/** What every panel says of itself. `unit` is Grafana's id of one. */
export interface About {
  readonly title: string
  readonly description: string
  readonly unit: string
  /** Of 24 columns. */
  readonly span: number
  readonly height?: number
}

const HEIGHT = 8
/** `A`, `B`, …: at most 26 queries a panel. */
const refId = (index: number): string => String.fromCodePoint(65 + index)

function ranged({ expr, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder().refId(refId(index)).datasource(DATASOURCE).expr(expr).legendFormat(legend).range()
}

function instant({ expr, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder().refId(refId(index)).datasource(DATASOURCE).expr(expr).legendFormat(legend).instant()
}

const thresholds = (steps: readonly (readonly [number | null, string])[]): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps.map(([value, color]) => ({ value, color })))

export function lines(about: About, queries: readonly Query[]): TimeseriesBuilder {
  return (
    new TimeseriesBuilder()
      .title(about.title)
      .description(about.description)
      .unit(about.unit)
      .datasource(DATASOURCE)
      .span(about.span)
      .height(about.height ?? HEIGHT)
      .lineWidth(1)
      .showPoints(VisibilityMode.Auto)
      .spanNulls(false)
      .legend(
        new VizLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.List)
          .placement(LegendPlacement.Bottom)
          .showLegend(true),
      )
      // oxlint-disable-next-line unicorn/no-array-sort -- not an array
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
      .targets(queries.map(ranged))
  )
}

/** Two lines called `upper` and `lower` become a shaded band; `dashed` is drawn so. */
export function band(panel: TimeseriesBuilder, dashed: string): TimeseriesBuilder {
  const edge = [
    { id: 'custom.lineWidth', value: 0 },
    { id: 'custom.showPoints', value: 'never' },
    { id: 'color', value: { mode: 'fixed', fixedColor: 'super-light-purple' } },
    { id: 'custom.hideFrom', value: { legend: true, tooltip: false, viz: false } },
  ]
  return panel
    .overrideByName('upper', [
      { id: 'custom.fillBelowTo', value: 'lower' },
      { id: 'custom.fillOpacity', value: 18 },
      ...edge,
    ])
    .overrideByName('lower', edge)
    .overrideByName(dashed, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'semi-dark-purple' } },
    ])
}

/** A number now, with the levels from which it turns yellow and red. */
export function figure(about: About, query: Query, levels: { warn?: number; bad?: number } = {}): StatBuilder {
  const steps: (readonly [number | null, string])[] = [[null, 'text']]
  if (levels.warn !== undefined) steps.push([levels.warn, 'orange'])
  if (levels.bad !== undefined) steps.push([levels.bad, 'red'])
  return new StatBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(DATASOURCE)
    .span(about.span)
    .height(about.height ?? 4)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(thresholds(steps))
    .withTarget(instant(query, 0))
}

/** The labels of what a query finds now, a row a series. */
export function table(about: About, query: Query, hidden: readonly string[]): TableBuilder {
  const excludeByName = Object.fromEntries(hidden.map((name) => [name, true]))
  return new TableBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(DATASOURCE)
    .span(about.span)
    .height(about.height ?? HEIGHT)
    .withTarget(instant(query, 0).format(PromQueryFormat.Table))
    .withTransformation({ id: 'organize', options: { excludeByName, indexByName: {}, renameByName: {} } })
}

/** A line at the level from which a score is anomalous. */
export function anomalousFrom(panel: TimeseriesBuilder, level: number): TimeseriesBuilder {
  return panel.thresholds(
    thresholds([
      [null, 'transparent'],
      [level, 'red'],
    ]),
  )
}

export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus')
}

/** A variable of one value, asked for again when the time range changes; `regex` takes a part of each answer. */
export function choice(name: string, label: string, query: string, regex = ''): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .query(query)
      .regex(regex)
      .datasource(DATASOURCE)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      // oxlint-disable-next-line unicorn/no-array-sort -- not an array
      .sort(VariableSort.AlphabeticalAsc)
  )
}

/** Like `choice`, but any number of values, all of them at first. */
export function choices(name: string, label: string, query: string): QueryVariableBuilder {
  const all = { selected: true, text: ['All'], value: ['$__all'] }
  return choice(name, label, query).multi(true).includeAll(true).allValue('.+').current(all)
}

export function unseen(variable: QueryVariableBuilder): QueryVariableBuilder {
  return variable.hide(VariableHide.HideVariable)
}

/** The dashboard as JSON that Grafana loads: panels numbered from 1, no id of its own, one form for one content. */
export function dashboardJson(builder: DashboardBuilder): string {
  const dashboard = builder.build()
  for (const [index, panel] of (dashboard.panels ?? []).entries()) panel.id = index + 1
  return `${JSON.stringify(dashboard, null, 2)}\n`
}
