/** The same rules, evaluated where they are read or on an upstream. */
export function rulesText(datasource?: string): string {
  const where = datasource === undefined ? '' : `\n    datasource: ${datasource}`
  return `
groups:
  - name: fast
    interval: 15s${where}
    rules:
      - {record: 'live:queue:sum', expr: sum by (job) (fleet_queue_length)}
      - {record: 'live:requests:rate1m', expr: 'sum by (job) (rate(fleet_requests_total[1m]))'}
      - {alert: QueueLong, expr: fleet_queue_length > 400, for: 1m, annotations: {summary: '{{ $labels.instance }}: {{ $value }}'}}
      - {alert: JobQueueLong, expr: 'live:queue:sum > 40000'}
      - {alert: NoRequests, expr: 'absent(rate(fleet_requests_total[1m]))'}
      - {alert: NobodyReports, expr: absent(fleet_queue_length)}
      - {alert: NothingRecorded, expr: 'absent(live:queue:sum)'}
      - {anomaly: QueueUnusual, expr: avg by (job) (fleet_queue_length), budget: 10/day}
      - {anomaly: RateUnusual, expr: 'sum by (job) (rate(fleet_requests_total[2m]))', budget: 10/day}
      - {anomaly: QueueAway, expr: avg by (job) (fleet_queue_length), detector: {kind: absence}}
  - name: slow
    interval: 1m${where}
    rules:
      - {anomaly: WorstUnusual, expr: max by (job) (fleet_queue_length), budget: 10/day}
      - {alert: Always, expr: vector(1)}
`
}
