const CLIENT: Readonly<Record<string, string>> = {
  'basic_auth.username': 'User of basic authentication.',
  'basic_auth.password': "The user's password.",
  'basic_auth.password_file': 'The same in a file, read at each request.',
  'authorization.type': 'Scheme of the `Authorization` header.',
  'authorization.credentials': 'What stands behind the scheme.',
  'authorization.credentials_file': 'The same in a file, read at each request.',
  bearer_token: 'Short for `authorization.credentials`.',
  bearer_token_file: 'Short for `authorization.credentials_file`.',
  'tls_config.ca': 'Certificates that are trusted, PEM. Without: those of Node.js.',
  'tls_config.ca_file': 'The same in a file. Files of TLS are read again when they change.',
  'tls_config.cert': 'Certificate that is shown, PEM.',
  'tls_config.cert_file': 'The same in a file.',
  'tls_config.key': 'Key of the certificate, PEM.',
  'tls_config.key_file': 'The same in a file.',
  'tls_config.server_name': 'Name that the certificate must have, where it is not that of the address.',
  'tls_config.insecure_skip_verify': 'Trusts any certificate.',
  follow_redirects: 'Whether to go where an answer points to.',
  enable_http2: 'Accepted from a Prometheus file; HTTP/1.1 is spoken.',
  'http_headers.*.values': 'Values of a header.',
  'http_headers.*.secrets': 'Values of a header that are not shown.',
}

const RELABEL: Readonly<Record<string, string>> = {
  source_labels: 'Labels whose values are joined.',
  separator: 'What stands between them.',
  target_label: 'Label that is set, or compared.',
  regex: 'RE2, asked of all of the joined text; of label names in `labelmap`, `labeldrop`, `labelkeep`.',
  modulus: 'Of `hashmod`.',
  replacement:
    'Value, with `$1` or `${1}` for what the groups matched. A group with a name is written without braces: `${…}` reads the environment.',
  action: 'What is done.',
}

function under(prefix: string, meanings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(meanings).map(([key, meaning]) => [`${prefix}${key}`, meaning]))
}

/** What each key of a job of `scrape` means. */
export const SCRAPE_MEANINGS: Readonly<Record<string, string>> = under('scrape[].', {
  job: 'Name of the job; the label `job` of what it brings.',
  job_name: 'The same.',
  targets: 'Targets, `host:port` or URLs.',
  labels: 'Labels of these targets.',
  interval: 'How often a target is scraped; `1m` by default.',
  scrape_interval: 'The same.',
  timeout: 'How long a scrape may take; `10s` by default, or the interval where that is shorter.',
  scrape_timeout: 'The same.',
  path: 'Where targets show their metrics; `/metrics` by default.',
  metrics_path: 'The same.',
  scheme: 'How targets are spoken to.',
  params: 'Parameters of the URL.',
  scrape_protocols: 'Formats that are asked for, best first. `PrometheusProto` is passed over.',
  fallback_scrape_protocol: 'Format of pages without a known Content-Type. Without it their scrape fails.',
  metric_name_validation_scheme: '`legacy` asks for names without UTF-8.',
  metric_name_escaping_scheme:
    'How targets are to write names that are not legacy; by default as the scheme above wants.',
  strict:
    'Whether a page that breaks a rule of OpenMetrics beyond its grammar fails the scrape. Else it is counted, and taken.',
  honor_labels: 'Whether labels of the page win over those of the target; else they get `exported_` before them.',
  honor_timestamps: 'Whether times of the page are taken.',
  track_timestamps_staleness: 'Whether series with times of the page are marked stale when they are gone.',
  enable_compression: 'Whether gzip is asked for.',
  always_scrape_classic_histograms: 'Accepted from a Prometheus file; classic histograms are always taken.',
  ...CLIENT,
  'static_configs[].targets': 'Targets, `host:port`.',
  'static_configs[].labels': 'Labels of these targets.',
  'file_sd_configs[].files': 'JSON or YAML files with lists of targets; `*` may stand in the last part of the path.',
  'file_sd_configs[].refresh_interval': 'Files are looked at this often, and every 5 s where it is longer.',
  'http_sd_configs[].url': 'Server that lists targets.',
  'http_sd_configs[].refresh_interval': 'How often it is asked.',
  ...under('http_sd_configs[].', CLIENT),
  ...under('relabel_configs[].', RELABEL),
  ...under('metric_relabel_configs[].', RELABEL),
  body_size_limit: 'Size of a page, uncompressed, 0 being no limit of its own. A larger one fails the scrape.',
  sample_limit: 'Samples of a page after relabelling. More fail the scrape.',
  label_limit: 'Labels of a series. More fail the scrape.',
  label_name_length_limit: 'Characters of a label name. A longer one fails the scrape.',
  label_value_length_limit: 'Characters of a label value. A longer one fails the scrape.',
  target_limit: 'Targets of the job after relabelling. More fail all of its scrapes.',
  keep_dropped_targets: 'Targets left out by relabelling that are remembered for `/api/v1/targets`, 0 being 10 000.',
})
