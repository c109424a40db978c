const JOBS = Array.from({ length: 10 }, (_, i) => `api-${i}`)
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const
const STATUSES = ['200', '204', '302', '404', '500', '503'] as const
const PATHS = ['/', '/cart', '/checkout', '/login'] as const
const AREAS = Array.from({ length: 12 }, (_, i) => `area-${i}`)
const OF_GROUP = 50

interface BenchRule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
}

/** As people have them, over the series of `promql/data.ts`: rates, quantiles, ratios, joins, thresholds; 520 of 10 jobs record, 480 alert. */
function benchRules(): BenchRule[] {
  return JOBS.flatMap((job) => {
    const rates = METHODS.flatMap((method) =>
      STATUSES.map((status) => ({
        record: 'job_method_status:http_requests:rate2m',
        expr: `sum by (job, method, status) (rate(http_requests_total{job="${job}",method="${method}",status="${status}"}[2m]))`,
      })),
    )
    const quantiles = PATHS.flatMap((path) =>
      [0.5, 0.9, 0.99].map((q) => ({
        record: `job_path:http_request_duration_seconds:p${q * 100}`,
        expr: `histogram_quantile(${q}, sum by (job, path, le) (rate(http_request_duration_seconds_bucket{job="${job}",path="${path}"}[2m])))`,
      })),
    )
    const means = AREAS.map((area) => ({
      record: 'job_area:node_memory_used_bytes:avg',
      expr: `avg by (job, area) (node_memory_used_bytes{job="${job}",area="${area}"})`,
    }))
    const full = AREAS.map((area) => {
      const of = `{job="${job}",area="${area}"}`
      return {
        alert: 'MemoryFull',
        expr: `node_memory_used_bytes${of} / node_memory_limit_bytes${of} > 0.95`,
        for: '1m',
      }
    })
    const errors = METHODS.flatMap((method) => {
      const of = (more: string): string =>
        `sum by (job, method) (rate(http_requests_total{job="${job}",method="${method}"${more}}[2m]))`
      return [0.1, 0.2, 0.3, 0.4, 0.5].map((most) => ({
        alert: 'Errors',
        expr: `${of(',status=~"5.."')} / ${of('')} > ${most}`,
        for: '1m',
      }))
    })
    const large = Array.from({ length: 20 }, (_, i) => ({
      alert: 'MemoryLarge',
      expr: `node_memory_used_bytes{job="${job}",area="${AREAS[i % AREAS.length]}"} > ${1.6e9 + i * 1e6}`,
    }))
    return [...rates, ...quantiles, ...means, ...full, ...errors, ...large]
  })
}

/** The first `count` of a thousand, dealt out, in groups of fifty; as a rule file. */
export function ruleFile(count: number, interval_s: number): string {
  const all = benchRules()
  const every = all.length / count
  const rules = Array.from({ length: count }, (_, i) => all[Math.floor(i * every)]!)
  const groups = Array.from({ length: Math.ceil(count / OF_GROUP) }, (_, i) => ({
    name: `group-${i}`,
    interval: `${interval_s}s`,
    rules: rules.slice(i * OF_GROUP, (i + 1) * OF_GROUP),
  }))
  return JSON.stringify({ groups })
}
