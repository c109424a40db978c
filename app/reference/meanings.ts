import { SCRAPE_MEANINGS } from './scrape-meanings.ts'

/** What each key of `barograph.yml` means, for the reference. Paths as in the reference: `[]` is each entry of a list. */
export const MEANINGS: Readonly<Record<string, string>> = {
  data: 'Folder of everything that survives a restart: journal, checkpoint, incidents, notification log. One process at a time.',
  'listen.host': 'Address to listen on. `localhost` is 127.0.0.1 and ::1. Any other wants a word about `auth`.',
  'listen.http': 'Console, API, `/metrics` and health.',
  'listen.otlp_http': 'OTLP over HTTP: `/v1/metrics`, `/v1/logs`, `/v1/traces`.',
  'listen.otlp_grpc': 'OTLP over gRPC, without TLS.',
  'listen.scaler': "KEDA's external scaler over gRPC. Not built yet: nothing listens.",
  'listen.kubernetes': 'Kubernetes metrics API over TLS. Not built yet: nothing listens.',
  external_url: 'How people reach the console, for links in messages. Empty: `http://HOST:PORT` of `listen`.',
  external_labels:
    'Labels of this server, as in Prometheus: added to alerts for an Alertmanager and to what remote write sends, where they are not there already. What is stored and shown here goes without. Templates know them as `$externalLabels`.',
  auth: 'Who may use the API. `none` must be said when `listen.host` can be reached from elsewhere.',
  language: 'Language of sentences in messages; the console and the API follow their reader.',
  time_zone:
    'Clocks that daily and weekly seasons go by and by which sentences and the console tell times, an IANA name like `Europe/Berlin`. Another one makes `auto` learn anew.',
  holidays:
    'Days that are like Sundays in that zone: `2026-12-25`, or a range with both its ends, `2026-10-01/2026-10-07`.',
  rules:
    "Rule files or folders, relative to this file; folders are read recursively, `*.test.yml` is left out. `default` is the package's own packs, `[]` none.",
  'budget.everything': 'Alarms allowed over all rules together, like 20/week; none said: as many as the rules allow.',
  'budget.services': 'Alarms allowed a service, by its name, like checkout: 2/week.',
  lateness: 'A step of a rule is evaluated this long after its time, so that its data is there.',
  resend: 'An active alert is sent again this often, and expires at the receiver when it is not.',
  'retention.samples':
    'How long samples stay. Older ones are refused. A series without samples ends, with its rollups.',
  'retention.rollups':
    'How long summaries by 5 min and by hour stay: range queries are answered from them where samples are gone.',
  'retention.incidents': 'How long incidents and changes stay.',
  'retention.bytes':
    'Samples and rollups, on disk and in memory; beyond it the oldest files go early, and that is counted.',
  observe_self:
    'Barograph sends its own metrics, traces and logs to itself this often. `/metrics` has them either way.',
  'otlp.promote_scope_metadata':
    'The instrumentation scope of OTLP metrics is part of their series, as labels: `otel_scope_name`, `otel_scope_version`, `otel_scope_schema_url`, and `otel_scope_` before its attributes. As the option of that name in Prometheus.',
  'otlp.translation_strategy':
    "How metrics of OTLP and their attributes are named, in Prometheus' words: with unit and `_total` or without, with what is no letter, digit or underscore escaped, or as it is. The rules, dashboards and policies that come along ask for names as the default makes them.",
  start_timestamp_zero_ingestion:
    'A counter or histogram of OTLP or remote write 2.0 has a sample of 0 where its start time says that it began to count: after a restart, and before its first sample. `false` where senders say start times that are not so.',
  ...SCRAPE_MEANINGS,
  'kafka.brokers': 'Addresses of brokers, `host:port`. With any, OTLP is read from the topics below.',
  'kafka.group': 'Consumer group. Positions are kept with the data, not by the broker.',
  'kafka.topics.metrics': 'Topic of OTLP metrics. Naming any topic leaves out those not named.',
  'kafka.topics.logs': 'Topic of OTLP logs.',
  'kafka.topics.traces': 'Topic of OTLP traces.',
  'kafka.encoding': 'How the Collector wrote the records. Those that begin with `{` are JSON, whatever it says.',
  'kafka.from':
    'Where to begin when no position is known. `committed`: where the group stands, also when that is further than what is stored here: for several members.',
  'kafka.sasl.mechanism': 'How the brokers know us. Without `sasl` they do not ask.',
  'kafka.sasl.username': 'User.',
  'kafka.sasl.password': "The user's password.",
  'kafka.ssl.ca':
    'Authorities in PEM that sign the brokers, `{file: ca.pem}`; without, those that Node knows. `ssl: true` is TLS with nothing of this.',
  'kafka.ssl.cert': 'Our certificate in PEM, where the brokers want one.',
  'kafka.ssl.key': 'The key of our certificate, PEM.',
  'kafka.ssl.server_name': 'Name that the certificate of the brokers must have, if it is not their address.',
  'kafka.ssl.insecure_skip_verify': 'Talk to brokers that nobody vouches for.',
  'upstream.*.url':
    'A server with a Prometheus API: Prometheus, Thanos, Mimir, VictoriaMetrics. With user and password where it wants Basic authentication; what stands behind `?` is said with each query (`?partial_response=true` of Thanos).',
  'upstream.*.headers': 'Headers of each request, such as `Authorization` or `X-Scope-OrgID`; not shown anywhere.',
  'upstream.*.timeout': 'Time of one query.',
  'upstream.*.history.range':
    'How far back history is fetched at the start, for rules and policies to learn from; never further than `retention.samples`. `history: 7d` says the range alone, `history: off` fetches nothing.',
  'upstream.*.history.wait':
    'Telemetry is told to come again for so long at most while history is fetched: behind it, history would be late.',
  'upstream.*.history.series': 'Series that are fetched in all; a selector beyond is left out, and that is logged.',
  'upstream.*.history.samples': 'Samples that one query asks for, about.',
  'upstream.*.history.parallel': 'Queries at one time.',
  'upstream.*.history.rate': 'Queries a second.',
  'upstream.*.rules.parallel': 'Queries at one time for rules whose group names it as its `datasource`.',
  'upstream.*.rules.rate': 'Of those, queries a second.',
  'upstream.*.rules.batch':
    'Rules of one query, their results united by `or`. 1 asks each by itself. Where that is too much for the server, it is fewer.',
  'upstream.*.rules.spread': 'Over how much time the rules of one step are asked, at most half their interval.',
  'upstream.*.rules.delay':
    'Steps are asked for this long after `lateness`: for a server that shows samples late, such as `30s` for VictoriaMetrics and its `-search.latencyOffset`.',
  'upstream.*.rules.samples': 'Samples that one query asks for, about: of history, and when steps were missed.',
  'upstream.*.remote_write.url':
    'Where samples are sent to, if not to `/api/v1/write` of the server. `remote_write: true` sends with all defaults; without it nothing is sent. Headers of the server are then not sent.',
  'upstream.*.remote_write.headers': 'Headers of each request, in place of those of the server.',
  'upstream.*.remote_write.what':
    '`results`: recorded rules, scores, bands, forecasts ahead, replicas, alerts. `all`: everything that is stored.',
  'upstream.*.remote_write.version': 'Of the remote write protocol.',
  'upstream.*.remote_write.send_exemplars':
    'Exemplars go along with samples of their series, where everything is sent. As the option of Prometheus.',
  'upstream.*.remote_write.max_age': 'Older samples are not sent: they come of history, and receivers refuse them.',
  'upstream.*.remote_write.queue.samples':
    'Samples that may wait; beyond that the oldest are dropped, and that is counted.',
  'upstream.*.remote_write.queue.bytes': 'Compressed size of what may wait, likewise.',
  'upstream.*.remote_write.queue.exemplars':
    'Exemplars that may wait for a sample of their series to go with; beyond that the oldest are dropped, and that is counted.',
  'upstream.*.remote_write.queue.shards': 'Requests at one time. A series always goes the same way.',
  'upstream.*.remote_write.queue.batch': 'Samples of one request; exemplars count.',
  'upstream.*.remote_write.queue.deadline': 'How long a sample waits for others to go with.',
  'upstream.*.remote_write.queue.timeout': 'Time of one request.',
  'elasticsearch.url': 'Server to write documents to.',
  'elasticsearch.auth.username': 'User, with `password`.',
  'elasticsearch.auth.password': "The user's password.",
  'elasticsearch.auth.api_key': 'An API key instead of user and password.',
  'elasticsearch.write': 'What is written: incidents to an index, findings to a data stream.',
  'alertmanager.urls': 'Alertmanagers that alerts and incidents are sent to, all of them, as Prometheus does.',
  'notify.route.receiver': 'Name of the receiver that gets everything.',
  'notify.receivers[].name': 'Name of a receiver.',
  'notify.receivers[].webhook_configs[].url': "Address that gets Alertmanager's webhook payload, version 4.",
  'notify.receivers[].webhook_configs[].send_resolved': 'Whether to tell when it is over.',
  'notify.receivers[].webhook_configs[].http_config.authorization.type': 'Scheme of the `Authorization` header.',
  'notify.receivers[].webhook_configs[].http_config.authorization.credentials': 'What stands behind the scheme.',
  'notify.receivers[].webhook_configs[].http_config.http_headers.*.secrets': 'Value of a header, not shown anywhere.',
  'limits.body': 'Size of a request on the wire.',
  'limits.body_inflated': 'Size of a request or Kafka record after decompression.',
  'limits.body_objects':
    'Resources, metrics, points, attributes, log records and spans of one request: small ones cost time, not bytes.',
  'limits.bodies_in_flight': 'Size of all requests that are being read or waiting, together.',
  'limits.connections':
    'Connections open at one time, of each listener; one more is cut off. A process needs as many file descriptors.',
  'limits.queue': 'Inputs that may wait to be taken; one more is refused with 429.',
  'limits.series': 'Series that had a sample within the last five minutes, about. A histogram is one.',
  'limits.series_kept':
    'Series that have samples, those included that are silent: a few hundred bytes of memory each. Near it those that are silent for longest lose their history to new ones. At least `limits.series`.',
  'limits.series_per_metric': 'Series of one metric name.',
  'limits.labels': 'Labels of a series, its name included.',
  'limits.label_name_length': 'Characters of a label name.',
  'limits.label_value_length': 'Characters of a label value.',
  'limits.buckets': 'Buckets of a histogram, the one above every bound included.',
  'limits.metric_families': 'Metric families whose metadata is remembered, as remote write 1.0 sends it.',
  'limits.ahead': 'How far ahead of the clock a sample may lie.',
  'limits.out_of_order': 'How far behind the newest of its series a sample may come. It is stored and not judged.',
  'limits.sample_cache':
    'Memory for sealed samples: those that wait to be written, and the newest of what is in files. Beyond it nothing is taken while the disk takes nothing.',
  'limits.exemplars': 'Exemplars in all; those of series that were quiet for longest go first.',
  'limits.exemplars_per_series': 'Exemplars of one series; the newest stay.',
  'limits.scored_series':
    'Series that anomaly rules follow, each rule counted by itself. Those that are silent give way to new ones.',
  'limits.exposed_series': 'Series of results in `/metrics`.',
  'limits.findings': 'Findings kept for lists and lookups; the oldest go first.',
  'limits.copies':
    'Findings of which what was learned in them can be taken back, a series of state each; the oldest go first.',
  'limits.templates_per_service':
    'Log templates of one service; what fits none is counted together. Those that stood for no record for an hour give way.',
  'limits.log_services': 'Services whose logs are looked into. Those without records for an hour give way to new ones.',
  'limits.log_series':
    'Counts of log records by label set, level and template; and log templates of all services together. Those that did not grow for an hour give way to new ones.',
  'limits.open_incidents': 'Incidents open at one time.',
  'limits.incident_members': 'Findings, alerts and changes of one incident.',
  'limits.query_samples':
    'Samples that one query may read, plus values that it computes. A rule may look at 16 times as many, each counted for every window that it lies in.',
  'limits.query_memory':
    'Memory that all queries together may hold while they are evaluated; one that holds less than 16 MiB is never refused.',
  'limits.query_series': 'Series that one selector of a query may find.',
  'limits.query_points': 'Points over all series in the answer of one query.',
  'limits.answer_points':
    'Points of all answers that are on their way at one time, a series counting as 64 more; beyond that a large one is answered 503.',
  'limits.query_timeout': 'Time of one query.',
  'limits.stream_clients': 'Readers of `/api/v1/stream` at one time.',
  'limits.journal':
    'Journal that a start may have to read: when there is so much, and half as much as the last checkpoint, a new one is written.',
  'limits.replay':
    'Work that a start may have to do again: after so much a new checkpoint is written where that is less than a fiftieth of all work, after three times as much where it is less than a 25th.',
  'limits.disk_reserve':
    'Room on the disk that is kept free: below it inputs are refused with 503 until there is a quarter more; 0 uses it up.',
  'limits.scrapes': 'Scrapes under way at one time; others wait.',
  'limits.scrape_targets': 'Targets of all jobs together; those beyond are not scraped.',
}
