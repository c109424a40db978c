// One rule of each sort that people write, over what the shop tells.
import { nameInPhase } from './phase.ts'

/** `GROUP` stands for the name of a group. */
const GROUPS = [
  `
    interval: 5s
    rules:
      - {record: 'live:up:sum', expr: sum by (job) (live_up)}
      - alert: Down
        expr: live_up == 0
        for: 20s
        keep_firing_for: 15s
        labels: {severity: page}
        annotations: {summary: '{{ $labels.instance }} of {{ $labels.job }} is down', description: '{{ with query "live:up:sum" }}{{ range . | sortByLabel "job" }}{{ .Labels.job }}={{ .Value }} {{ end }}{{ end }}'}
      - {alert: DownAtOnce, expr: live_up == 0}
      - {alert: HalfDown, expr: avg by (job) (live_up) < 0.6, for: 10s, annotations: {summary: '{{ $value | humanizePercentage }} of {{ $labels.job }}'}}
      - {alert: Flapping, expr: 'changes(live_up[2m]) > 3', keep_firing_for: 30s}
      - {alert: Gone, expr: 'absent(live_up{instance="a",job="shop"})', for: 10s}
      - {alert: GoneAWhile, expr: 'absent_over_time(live_up{instance="b"}[1m])', labels: {instance: 'b'}}
      - {alert: InfoMissing, expr: live_up unless on (instance) live_info}
      - {record: 'live:firing', expr: 'count by (alertname) (ALERTS{alertstate="firing",alertname=~"Down.*|HalfDown"})', labels: {by: rule}}
      - {alert: ManyDown, expr: 'live:firing > 2', for: 10s}`,
  `
    interval: 5s
    rules:
      - {record: 'live:requests:rate1m', expr: 'sum by (instance, code) (rate(live_requests_total[1m]))'}
      - {record: 'live:requests:increase', expr: 'increase(live_requests_total[45s])'}
      - {record: 'live:errors:ratio', expr: 'sum by (instance) (live:requests:rate1m{code=~"5.."}) / sum by (instance) (live:requests:rate1m)'}
      - alert: Errors
        expr: live:errors:ratio > 0.15
        for: 15s
        annotations: {summary: '{{ $value | humanizePercentage }} of {{ $labels.instance }}, {{ printf "live:requests:rate1m{instance=%q,code=\\"200\\"}" $labels.instance | query | first | value | humanize }}/s are well'}
      - {record: 'live:latency:p90', expr: 'histogram_quantile(0.9, sum by (job, le) (rate(live_latency_seconds_bucket[1m])))'}
      - {alert: Slow, expr: 'live:latency:p90 > 0.8', for: 10s, labels: {severity: '{{ if gt $value 0.95 }}page{{ else }}ticket{{ end }}'}}
      - {alert: NoTraffic, expr: 'sum by (instance) (rate(live_requests_total[1m])) == 0', for: 10s}`,
  `
    interval: 10s
    query_offset: 10s
    labels: {team: core}
    rules:
      - {alert: LoadHigh, expr: live_load > 80, for: 30s, keep_firing_for: 1m, labels: {band: '{{ if gt $value 95.0 }}top{{ else }}high{{ end }}'}, annotations: {summary: 'load {{ $value | printf "%.2f" }}'}}
      - {alert: LoadIsNoNumber, expr: live_load != live_load}
      - {record: 'live:load:avg1m', expr: 'avg_over_time(live_load[1m])'}
      - {record: 'live:load:deviation', expr: 'stddev by (job) (live_load)'}
      - {alert: LoadOfVersion, expr: 'live_load * on (job, instance) group_left (version) live_info > 70', for: 20s, annotations: {summary: '{{ $labels.version }}'}}
      - {alert: Busiest, expr: 'topk(1, live_load)'}
      - {record: 'live:load:quantile', expr: 'quantile(0.5, live_load)', labels: {q: '0.5'}}`,
  `
    interval: 15s
    limit: 3
    rules:
      - {alert: TooMany, expr: live_load > 50}`,
  `
    interval: 30s
    rules:
      - {alert: NoHeartbeat, expr: 'time() - live_heartbeat_seconds > 22.5', annotations: {summary: 'for {{ $value | printf "%.0f" }} s'}}
      - {alert: DiskFills, expr: 'predict_linear(live_disk_free_bytes[2m], 120) < 0', for: 30s, annotations: {summary: '{{ $value | humanize1024 }}B'}}
      - {alert: Always, expr: vector(1), labels: {severity: none}}
      - {record: 'live:versions', expr: 'count_values("version", label_replace(live_info, "version", "$1", "version", "1.(.*)") * 0 + 1)'}
      - {record: 'live:load:subquery', expr: 'max_over_time((sum(live_up))[2m:10s])'}`,
] as const

/** The text of the file at `path`. The instants at which Prometheus evaluates a group follow its name: names that put them where ours are. */
export function rulesText(path: string): string {
  const groups = GROUPS.map((body, i) => `  - name: ${nameInPhase(path, `live ${i}`)}${body}\n`)
  return `groups:\n${groups.join('')}`
}
