import { expect, test } from 'vitest'

import { scrapeJobs } from './job-schema.ts'

const problems = (...jobs: object[]): string[] => {
  const { error } = scrapeJobs.safeParse(jobs)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('the short form suffices', () => {
  expect(scrapeJobs.parse([{ job: 'shop', targets: ['shop:80', 'https://shop/metrics?a=b'] }])).toMatchObject([
    { job: 'shop', interval_ms: 60_000, timeout_ms: 10_000, path: '/metrics', escaping: 'allow-utf-8' },
  ])
  expect(scrapeJobs.parse([{ job: 'shop', interval: '5s' }])).toMatchObject([{ interval_ms: 5000, timeout_ms: 5000 }])
})

test('a scrape_config of Prometheus is taken as it is', () => {
  const config = {
    job_name: 'node',
    scrape_interval: '15s',
    scrape_timeout: '5s',
    metrics_path: '/node',
    scheme: 'https',
    params: { 'collect[]': ['cpu', 'meminfo'] },
    honor_labels: true,
    honor_timestamps: false,
    track_timestamps_staleness: true,
    scrape_protocols: ['PrometheusProto', 'OpenMetricsText1.0.0', 'PrometheusText0.0.4'],
    fallback_scrape_protocol: 'PrometheusText0.0.4',
    always_scrape_classic_histograms: true,
    metric_name_validation_scheme: 'legacy',
    basic_auth: { username: 'me', password_file: '/run/secret' },
    tls_config: { ca_file: '/ca.pem', insecure_skip_verify: false, server_name: 'node' },
    follow_redirects: false,
    enable_http2: false,
    enable_compression: true,
    static_configs: [{ targets: ['a:9100'], labels: { zone: 'x' } }],
    file_sd_configs: [{ files: ['targets/*.json', '/etc/more.yml'], refresh_interval: '1m' }],
    http_sd_configs: [{ url: 'http://lister/', refresh_interval: '30s', authorization: { credentials: 'x' } }],
    relabel_configs: [{ source_labels: ['__meta_x'], regex: '(.*)', target_label: 'x', replacement: '$1' }],
    metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }],
    body_size_limit: '10MB',
    sample_limit: 1000,
    label_limit: 30,
    label_name_length_limit: 100,
    label_value_length_limit: 200,
    target_limit: 10,
    keep_dropped_targets: 5,
  }
  expect(scrapeJobs.parse([config])).toMatchObject([
    {
      job: 'node',
      interval_ms: 15_000,
      timeout_ms: 5000,
      path: '/node',
      protocols: ['OpenMetricsText1.0.0', 'PrometheusText0.0.4'],
      escaping: 'underscores',
      body_size_limit: 10_000_000,
    },
  ])
})

test.each<[object[], string]>([
  [[{}], '0.job: is missing'],
  [[{ job: 'a', job_name: 'b' }], '0.job_name: is job too'],
  [[{ job: 'a' }, { job: 'a' }], '1.job: another job has this name'],
  [[{ job: 'a', interval: '5s', timeout: '6s' }], '0.timeout: is longer than the interval'],
  [[{ job: 'a', interval: '0s' }], '0.interval: must be more than 0'],
  [[{ job: 'a', targets: ['http:/x/y'] }], '0.targets.0: host:port, or a URL'],
  [[{ job: 'a', static_configs: [{ targets: ['http://x'] }] }], '0.static_configs.0.targets.0: an address'],
  [[{ job: 'a', scrape_protocols: ['PrometheusProto'] }], 'name one of the text formats'],
  [[{ job: 'a', file_sd_configs: [{ files: ['*/x.json'] }] }], 'its last part may hold *'],
  [[{ job: 'a', file_sd_configs: [{ files: ['x.txt'] }] }], 'ends in .json'],
  [[{ job: 'a', bearer_token: 'x', basic_auth: {} }], '0.bearer_token: say basic_auth or bearer_token, not both'],
  [[{ job: 'a', basic_auth: { password: 'x', password_file: 'y' } }], 'say password or password_file, not both'],
])('what cannot be meant is refused: %j', (jobs, problem) => {
  expect(problems(...jobs).join('\n')).toContain(problem)
})
