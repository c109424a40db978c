import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'

import {
  anomalousFrom,
  band,
  choice,
  choices,
  DATASOURCE,
  datasourceVariable,
  figure,
  lines,
  table,
  unseen,
} from './panels.ts'

/** What `query_result` answers is `{labels} value time`: the labels, to be written into a selector again. */
const LABELS_OF_RESULT = String.raw`/\{(.*)\}/`

/** One series of a rule: its bands carry `rule` and `metric`, the measured series does not. */
const BAND = '{rule="$rule",${series:raw}}'
/** Empty, and not an error, where the rule's expression has no metric name. */
const VALUE = '{__name__="$metric",__name__!="",${labels:raw}}'
/** Of a series without labels nothing follows the comma, as PromQL allows. */
const forecastOf = (quantile: string): string =>
  `barograph_forecast{rule="$forecast",quantile="${quantile}",\${forecast_series:raw}}`

function variables(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withVariable(datasourceVariable())
    .withVariable(choice('rule', 'Rule', 'label_values(barograph_score, rule)'))
    .withVariable(
      choice('series', 'Series', 'query_result(sum without (rule) (barograph_score{rule="$rule"}))', LABELS_OF_RESULT),
    )
    .withVariable(unseen(choice('metric', 'Metric', `label_values(barograph_score${BAND}, metric)`)))
    .withVariable(
      unseen(
        choice(
          'labels',
          'Labels',
          `query_result(sum without (rule, metric) (barograph_score${BAND}))`,
          LABELS_OF_RESULT,
        ),
      ),
    )
    .withVariable(choice('forecast', 'Forecast', 'label_values(barograph_forecast, rule)'))
    .withVariable(
      unseen(
        choice(
          'forecast_series',
          'Forecast series',
          'query_result(sum without (rule, quantile) (barograph_forecast{rule="$forecast"}))',
          LABELS_OF_RESULT,
        ),
      ),
    )
    .withVariable(choices('policy', 'Policy', 'label_values(barograph_replicas, policy)'))
}

function now(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Now'))
    .withPanel(
      figure(
        {
          title: 'Open incidents',
          description: 'Incidents that are not resolved; the console of Barograph tells their causes.',
          unit: 'short',
          span: 4,
        },
        { expr: 'sum(barograph_alerting_open_incidents)', legend: 'open' },
        { warn: 1 },
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Alerts firing',
          description: 'Alert rules whose condition holds, for long enough.',
          unit: 'short',
          span: 5,
        },
        { expr: 'count(ALERTS{alertstate="firing"}) or vector(0)', legend: 'firing' },
        { warn: 1 },
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Unusual series',
          description: 'Series of anomaly rules with a score of 1 or more.',
          unit: 'short',
          span: 5,
        },
        { expr: 'count(barograph_score >= 1) or vector(0)', legend: 'unusual' },
        { warn: 1 },
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Highest score',
          description: 'How far the most unusual series is out of its band; anomalous from 1.',
          unit: 'short',
          span: 5,
        },
        { expr: 'max(barograph_score)', legend: 'score' },
        { warn: 1, bad: 3 },
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Series watched',
          description: 'Series that anomaly rules follow and write bands for.',
          unit: 'short',
          span: 5,
        },
        { expr: 'count(barograph_score) or vector(0)', legend: 'watched' },
      ),
    )
}

function firing(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard.withPanel(
    table(
      {
        title: 'Firing alerts',
        description: 'What fires now; an incident in Barograph says what belongs together and why.',
        unit: 'none',
        span: 24,
        height: 6,
      },
      { expr: 'ALERTS{alertstate="firing"}', legend: '' },
      ['Time', 'Value', '__name__', 'alertstate'],
    ),
  )
}

function unusual(dashboard: DashboardBuilder): DashboardBuilder {
  const scores = lines(
    { title: 'Most unusual series', description: 'The ten highest scores; anomalous from 1.', unit: 'short', span: 24 },
    [{ expr: 'topk(10, barograph_score)', legend: '{{rule}} {{service_name}} {{host_name}}' }],
  )
  const value = lines(
    {
      title: 'Measured and expected: $rule',
      description:
        'The chosen series on the band that was expected of it. A rule over an expression has no measured series of its own: then only the band is drawn.',
      unit: 'short',
      span: 16,
    },
    [
      { expr: `barograph_upper${BAND}`, legend: 'upper' },
      { expr: `barograph_lower${BAND}`, legend: 'lower' },
      { expr: `barograph_expected${BAND}`, legend: 'expected' },
      { expr: VALUE, legend: 'value' },
    ],
  )
  const score = lines(
    {
      title: 'Score: $rule',
      description: 'How unusual each value of the chosen series was; anomalous from 1.',
      unit: 'short',
      span: 8,
    },
    [{ expr: `barograph_score${BAND}`, legend: 'score' }],
  )
  return dashboard
    .withRow(new RowBuilder('What is unusual'))
    .withPanel(anomalousFrom(scores, 1))
    .withPanel(band(value, 'expected'))
    .withPanel(anomalousFrom(score, 1))
}

function future(dashboard: DashboardBuilder): DashboardBuilder {
  const forecast = lines(
    {
      title: 'Forecast: $forecast',
      description:
        'What comes next: the median, and between which values 80 % of what comes is expected. Points lie at the time they speak of, right of now in the future.',
      unit: 'short',
      span: 24,
      height: 9,
    },
    [
      { expr: forecastOf('0.9'), legend: 'upper' },
      { expr: forecastOf('0.1'), legend: 'lower' },
      { expr: forecastOf('0.5'), legend: 'forecast' },
    ],
  )
  const replicas = lines(
    {
      title: 'Replicas: $policy',
      description:
        'Replicas that each policy wants for the demand ahead, what present demand needs, what runs, and the bounds.',
      unit: 'short',
      span: 24,
    },
    [{ expr: 'barograph_replicas{policy=~"$policy"}', legend: '{{policy}} {{kind}}' }],
  )
  return dashboard.withRow(new RowBuilder('What comes next')).withPanel(band(forecast, 'forecast')).withPanel(replicas)
}

/** Alerts, what is unusual and by how much, what comes next: from six hours ago to two hours ahead. */
export function overview(): DashboardBuilder {
  const dashboard = new DashboardBuilder('Barograph: overview')
    .uid('barograph-overview')
    .description('What is unusual, what fires, and what will be needed next.')
    .tags(['barograph'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now+2h' })
    .link(
      new DashboardLinkBuilder('Barograph dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags(['barograph'])
        .asDropdown(true),
    )
    .annotation(
      new AnnotationQueryBuilder()
        .name('Alerts')
        .datasource(DATASOURCE)
        .enable(true)
        .iconColor('red')
        .expr('ALERTS{alertstate="firing"}')
        .step('60s')
        .titleFormat('{{alertname}}')
        .textFormat('{{service}}{{service_name}}')
        .tagKeys('severity'),
    )
  return future(unusual(firing(now(variables(dashboard)))))
}
