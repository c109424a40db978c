import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'

import { choices, datasourceVariable, figure, lines } from './panels.ts'

/** Which Barograph: every selector carries it. */
const WHO = 'job=~"$job",instance=~"$instance"'

function rate(metric: string, by = '', more = ''): string {
  const grouped = by === '' ? 'sum' : `sum by (${by}) `
  return `${grouped}(rate(${metric}{${WHO}${more}}[$__rate_interval]))`
}

function quantile(q: number, metric: string, by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${metric}_bucket{${WHO}}[$__rate_interval])))`
}

const gauge = (metric: string): string => `sum(${metric}{${WHO}})`

function head(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('At a glance'))
    .withPanel(
      figure(
        {
          title: 'Samples in',
          description: 'Samples a second that the store took, whatever became of them.',
          unit: 'cps',
          span: 6,
        },
        { expr: rate('barograph_store_samples_total'), legend: 'samples' },
      ),
    )
    .withPanel(
      figure(
        { title: 'Series', description: 'Series with samples.', unit: 'short', span: 6 },
        { expr: gauge('barograph_store_series'), legend: 'series' },
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Inputs waiting',
          description: 'Inputs in the queue before the pipeline; new ones are refused when limits.queue is reached.',
          unit: 'short',
          span: 6,
        },
        { expr: gauge('barograph_pipeline_queue'), legend: 'waiting' },
        { warn: 100, bad: 5000 },
      ),
    )
    .withPanel(
      figure(
        { title: 'Memory of samples', description: 'Memory held for samples.', unit: 'bytes', span: 6 },
        { expr: gauge('barograph_store_allocated_bytes'), legend: 'memory' },
      ),
    )
}

function intake(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Intake'))
    .withPanel(
      lines(
        {
          title: 'Requests in',
          description: 'Requests a second at the receivers, by signal and outcome.',
          unit: 'reqps',
          span: 8,
        },
        [
          {
            expr: rate('barograph_collector_requests_total', 'receiver, signal, outcome'),
            legend: '{{receiver}} {{signal}} {{outcome}}',
          },
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Accepted',
          description: 'Samples, log records and spans a second that were accepted.',
          unit: 'cps',
          span: 8,
        },
        [{ expr: rate('barograph_collector_points_total', 'signal'), legend: '{{signal}}' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Kafka lag',
          description: 'Records known and not yet taken; empty without Kafka.',
          unit: 'short',
          span: 8,
        },
        [{ expr: gauge('barograph_collector_kafka_lag'), legend: 'lag' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Samples by outcome',
          description: 'Samples a second: stored, late, duplicate, refused.',
          unit: 'cps',
          span: 12,
        },
        [{ expr: rate('barograph_store_samples_total', 'outcome'), legend: '{{outcome}}' }],
      ),
    )
}

function pipeline(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withPanel(
      lines(
        {
          title: 'Time of an input',
          description: 'From taking an input to having journaled and applied it, by kind.',
          unit: 's',
          span: 12,
        },
        [
          { expr: quantile(0.5, 'barograph_pipeline_input_duration_seconds', 'kind'), legend: '{{kind}} median' },
          { expr: quantile(0.99, 'barograph_pipeline_input_duration_seconds', 'kind'), legend: '{{kind}} p99' },
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Inputs',
          description: 'Inputs a second that went through the pipeline, by kind.',
          unit: 'cps',
          span: 8,
        },
        [{ expr: rate('barograph_pipeline_input_duration_seconds_count', 'kind'), legend: '{{kind}}' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Refused',
          description:
            'Inputs refused as a whole, by code; new series refused by a limit; points refused, by reason; samples that contradict stored ones.',
          unit: 'cps',
          span: 8,
        },
        [
          { expr: rate('barograph_pipeline_refused_total', 'code'), legend: 'input {{code}}' },
          { expr: rate('barograph_collector_rejected_total', 'reason'), legend: 'point {{reason}}' },
          { expr: rate('barograph_store_series_refused_total', 'limit'), legend: 'series {{limit}}' },
          { expr: rate('barograph_store_samples_conflicting_total'), legend: 'conflicting samples' },
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Journal',
          description: 'Bytes a second that the journal takes, and records that it could not write.',
          unit: 'Bps',
          span: 8,
        },
        [
          { expr: rate('barograph_journal_written_bytes_total'), legend: 'written' },
          { expr: rate('barograph_journal_failures_total'), legend: 'failures' },
        ],
      ),
    )
}

function detection(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Detection and alerting'))
    .withPanel(
      lines(
        {
          title: 'Values judged',
          description: 'Values a second that detectors judged, and those that they skipped.',
          unit: 'cps',
          span: 8,
        },
        [
          { expr: rate('barograph_detectors_judged_total'), legend: 'judged' },
          { expr: rate('barograph_detectors_skipped_total', 'reason'), legend: 'skipped {{reason}}' },
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Alarms',
          description: 'Alarms in the last hour, by rule: compare with its budget.',
          unit: 'short',
          span: 8,
        },
        [{ expr: `sum by (rule) (increase(barograph_detectors_alarms_total{${WHO}}[1h]))`, legend: '{{rule}}' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Detector state',
          description: 'Memory of detectors, fixed for each series and rule that is followed.',
          unit: 'bytes',
          span: 8,
        },
        [{ expr: gauge('barograph_detectors_state_bytes'), legend: 'state' }],
      ),
    )
    .withPanel(
      lines({ title: 'Evaluation of rules', description: 'Time to evaluate a group of rules.', unit: 's', span: 12 }, [
        { expr: quantile(0.5, 'barograph_rules_evaluation_duration_seconds'), legend: 'median' },
        { expr: quantile(0.99, 'barograph_rules_evaluation_duration_seconds'), legend: 'p99' },
      ]),
    )
    .withPanel(
      lines(
        {
          title: 'Sending',
          description: 'Messages a second to channels, by outcome, and messages that wait.',
          unit: 'short',
          span: 12,
        },
        [
          { expr: rate('barograph_alerting_messages_total', 'channel, outcome'), legend: '{{channel}} {{outcome}}' },
          { expr: gauge('barograph_alerting_waiting'), legend: 'waiting' },
        ],
      ),
    )
}

function answers(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Answers'))
    .withPanel(
      lines(
        {
          title: 'Requests',
          description: 'Requests a second that the API answered, by status.',
          unit: 'reqps',
          span: 8,
        },
        [{ expr: rate('barograph_api_requests_total', 'status'), legend: '{{status}}' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Time of a request',
          description: 'Until a request was answered, 99th percentile, by route.',
          unit: 's',
          span: 8,
        },
        [{ expr: quantile(0.99, 'barograph_api_duration_seconds', 'route'), legend: '{{route}}' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Queries',
          description: 'PromQL queries a second, of rules and of people, by outcome.',
          unit: 'cps',
          span: 8,
        },
        [{ expr: rate('barograph_query_queries_total', 'kind, outcome'), legend: '{{kind}} {{outcome}}' }],
      ),
    )
}

function process(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withRow(new RowBuilder('Process'))
    .withPanel(
      lines(
        { title: 'Processor', description: 'Processor cores that the process uses, by mode.', unit: 'short', span: 12 },
        [{ expr: rate('process_cpu_time_seconds_total', 'process_cpu_state'), legend: '{{process_cpu_state}}' }],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Memory',
          description: 'Resident memory of the process, and what of it is samples.',
          unit: 'bytes',
          span: 12,
        },
        [
          { expr: gauge('process_memory_usage'), legend: 'process' },
          { expr: gauge('barograph_store_allocated_bytes'), legend: 'samples' },
        ],
      ),
    )
}

/** Barograph by its own telemetry, as it comes in through its own OTLP receiver. */
export function self(): DashboardBuilder {
  const dashboard = new DashboardBuilder('Barograph: itself')
    .uid('barograph-self')
    .description('Intake, detection, answers and the process of Barograph, from its own telemetry.')
    .tags(['barograph'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .link(
      new DashboardLinkBuilder('Barograph dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags(['barograph'])
        .asDropdown(true),
    )
    .annotations([])
    .withVariable(datasourceVariable())
    .withVariable(choices('job', 'Job', 'label_values(barograph_store_series, job)'))
    .withVariable(choices('instance', 'Instance', 'label_values(barograph_store_series{job=~"$job"}, instance)'))
  return process(answers(detection(pipeline(intake(head(dashboard))))))
}
