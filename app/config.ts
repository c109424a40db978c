import { z } from 'zod'

import { isZone, parseDays } from '#core/civil-time.ts'
import { bytes } from '#core/config/bytes.ts'
import { duration } from '#core/config/duration.ts'
import { Secret, secret } from '#core/config/secret.ts'

import { scrapeJobs, TRANSLATION_STRATEGIES } from '../collector/index.ts'
import { parseBudget } from '../detectors/index.ts'
import { upstreamSchema } from '../upstream/index.ts'

const PORT = 'a port from 0 to 65535, or off'
const port = z
  .union([z.literal('off'), z.literal(false), z.int().min(0, PORT).max(65_535, PORT)], { error: PORT })
  .transform((value) => (typeof value === 'number' ? value : null))
const COUNT = 'a whole number above 0'
const count = z.int({ error: COUNT }).positive(COUNT)
const INTERVAL = 'off, or a duration like 5s'
const interval = z.union(
  [z.literal('off').transform(() => null), z.literal(false).transform(() => null), duration],
  INTERVAL,
)
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0
/** `{}` is nothing. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (isEmpty(value) ? null : value), schema.nullable())

const BUDGET = 'a count and a time, like 2/week or 1/day'
/** Alarms a week. */
const budget = z
  .string(BUDGET)
  .transform(parseBudget)
  .refine((weekly): weekly is number => weekly !== undefined, BUDGET)

const URL_TEXT = 'an http or https URL, like http://example.com:8080'
const httpUrl = z.url({ protocol: /^https?$/, error: URL_TEXT })

const BUCKETS = 'a whole number from 1 to 4096'
const EXTERNAL = 'a label; names that begin with __ are reserved'
const ZONE = 'a time zone by its IANA name, like Europe/Berlin'
const RULES = 'a list of files and folders, like [rules, my-rules]'
const BROKER = 'a host and its port, like kafka.example.com:9092'
const HOLIDAY = 'a day like 2026-10-01, or a range of at most a year like 2026-10-01/2026-10-07'

const limits = z.strictObject({
  body: bytes,
  body_inflated: bytes,
  body_objects: count,
  bodies_in_flight: bytes,
  connections: count,
  queue: count,
  series: count,
  series_kept: count,
  series_per_metric: count,
  labels: count,
  label_name_length: count,
  label_value_length: count,
  buckets: z.int(BUCKETS).min(1, BUCKETS).max(4096, BUCKETS),
  metric_families: count,
  ahead: duration,
  out_of_order: duration,
  sample_cache: bytes,
  exemplars: count,
  exemplars_per_series: count,
  scored_series: count,
  exposed_series: count,
  findings: count,
  copies: count,
  templates_per_service: count,
  log_services: count,
  log_series: count,
  open_incidents: count,
  incident_members: count,
  query_samples: count,
  query_memory: bytes,
  query_series: count,
  query_points: count,
  answer_points: count,
  query_timeout: duration,
  stream_clients: count,
  journal: bytes,
  replay: duration,
  disk_reserve: bytes,
  scrapes: count,
  scrape_targets: count,
})

const SIGNALS = ['metrics', 'logs', 'traces'] as const

const kafkaTopics = z
  .strictObject({
    metrics: z.string().min(1).optional(),
    logs: z.string().min(1).optional(),
    traces: z.string().min(1).optional(),
  })
  .superRefine((topics, context) => {
    const named = SIGNALS.filter((signal) => topics[signal] !== undefined)
    if (named.length === 0)
      context.addIssue({ code: 'custom', message: `none is named; there are: ${SIGNALS.join(', ')}` })
    for (const [i, signal] of named.entries()) {
      const other = named.slice(0, i).find((one) => topics[one] === topics[signal])
      if (other === undefined) continue
      const message = `the topic of kafka.topics.${other}; each signal has its own`
      context.addIssue({ code: 'custom', path: [signal], message })
    }
  })

const kafka = z.strictObject({
  brokers: z.array(z.string(BROKER).regex(/^[^\s:/[\]]+:\d{1,5}$/, BROKER)).min(1),
  group: z.string().min(1).default('barograph'),
  topics: kafkaTopics.prefault({ metrics: 'otlp_metrics', logs: 'otlp_logs', traces: 'otlp_spans' }),
  encoding: z.enum(['otlp_proto', 'otlp_json']).default('otlp_proto'),
  from: z.enum(['earliest', 'latest', 'committed']).default('earliest'),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
      username: z.string().min(1),
      password: secret,
    })
    .optional(),
  ssl: z
    .union([
      z.boolean(),
      z.strictObject({
        ca: secret.optional(),
        cert: secret.optional(),
        key: secret.optional(),
        server_name: z.string().min(1).optional(),
        insecure_skip_verify: z.boolean().default(false),
      }),
    ])
    .default(false),
})

const elasticsearch = z.strictObject({
  url: httpUrl,
  auth: z
    .union([z.strictObject({ username: z.string(), password: secret }), z.strictObject({ api_key: secret })])
    .optional(),
  write: z.array(z.enum(['incidents', 'findings'])).default(['incidents', 'findings']),
})

const webhook = z.strictObject({
  // The address of a chat is its password.
  url: z.union([z.instanceof(Secret), httpUrl.transform((url) => new Secret(url))], URL_TEXT),
  send_resolved: z.boolean().default(true),
  http_config: z
    .strictObject({
      authorization: z.strictObject({ type: z.string().default('Bearer'), credentials: secret }).optional(),
      http_headers: z.record(z.string(), z.strictObject({ secrets: z.array(secret).min(1) })).default({}),
    })
    .prefault({}),
})

/** Said of receivers that people know from Alertmanager. */
const throughOthers: z.core.$ZodErrorMap = ({ code, keys }) =>
  code === 'unrecognized_keys' && keys.some((key) => key.endsWith('_configs'))
    ? 'chat and mail go through an Alertmanager (alertmanager.urls), or a webhook and a bridge: docs/guide/alerts.md'
    : undefined

/** The words of an Alertmanager file, as far as they are built: one route, webhook receivers. */
const notify = z
  .strictObject({
    route: z.strictObject({ receiver: z.string().min(1) }),
    receivers: z.array(
      z.strictObject(
        { name: z.string().min(1), webhook_configs: z.array(webhook).default([]) },
        { error: throughOthers },
      ),
    ),
  })
  .superRefine(({ route, receivers }, context) => {
    if (receivers.some(({ name }) => name === route.receiver)) return
    const known = receivers.map(({ name }) => name).join(', ') || 'none'
    context.addIssue({
      code: 'custom',
      path: ['route', 'receiver'],
      message: `no receiver of that name; there are: ${known}`,
    })
  })

const LISTENERS = ['http', 'otlp_http', 'otlp_grpc'] as const

const listen = z
  .strictObject({
    host: z.string().min(1),
    http: port,
    otlp_http: port,
    otlp_grpc: port,
    // A port opens when what it serves is built.
    scaler: port,
    kubernetes: port,
  })
  .superRefine((ports, context) => {
    for (const [i, name] of LISTENERS.entries()) {
      const other = LISTENERS.slice(0, i).find((one) => ports[one] === ports[name])
      if (other === undefined || ports[name] === null || ports[name] === 0) continue
      context.addIssue({ code: 'custom', path: [name], message: `the port of listen.${other}; each has its own` })
    }
  })

/** Said of words that people know from Prometheus' file. */
const otherThanPrometheus: z.core.$ZodErrorMap = ({ code, keys }) =>
  code === 'unrecognized_keys' && keys.some((key) => PROMETHEUS_KEYS.has(key))
    ? 'what Prometheus calls scrape_configs is scrape here, rule_files rules, alerting alertmanager.urls, global.external_labels external_labels; who is written to is an upstream'
    : undefined
const PROMETHEUS_KEYS: ReadonlySet<string> = new Set([
  'global',
  'scrape_configs',
  'rule_files',
  'alerting',
  'remote_write',
  'remote_read',
])

/** `barograph.yml`. Every key has a value in `DEFAULTS`; an unknown key is an error. */
export const configSchema = z
  .strictObject(
    {
      data: z.string().min(1),
      listen,
      external_url: z.union([z.literal(''), httpUrl], URL_TEXT),
      external_labels: z.record(
        z
          .string()
          .min(1)
          .refine((name) => !name.startsWith('__'), EXTERNAL),
        z.string().min(1),
      ),
      auth: optional(
        z.literal('none', {
          error: 'none is all that there is so far; where logins are wanted, a proxy in front asks for them',
        }),
      ),
      language: z.enum(['en', 'zh']),
      time_zone: z.string(ZONE).refine(isZone, ZONE),
      holidays: z.array(z.string(HOLIDAY).refine((text) => parseDays(text) !== undefined, HOLIDAY)),
      rules: z.union([z.literal('default').transform(() => null), z.array(z.string().min(1))], RULES),
      budget: z.strictObject({ everything: budget.optional(), services: z.record(z.string(), budget).optional() }),
      lateness: duration,
      resend: duration.refine((ms) => ms > 0, 'must be more than 0'),
      retention: z.strictObject({ samples: duration, rollups: duration, incidents: duration, bytes }),
      observe_self: interval,
      otlp: z.strictObject({
        promote_scope_metadata: z.boolean('true or false'),
        translation_strategy: z.enum(TRANSLATION_STRATEGIES),
      }),
      start_timestamp_zero_ingestion: z.boolean('true or false'),
      scrape: scrapeJobs,
      kafka: optional(kafka),
      upstream: z.record(z.string().regex(/^[\w.-]{1,64}$/, 'a name of letters, digits, _ . and -'), upstreamSchema),
      elasticsearch: optional(elasticsearch),
      alertmanager: z.strictObject({ urls: z.array(httpUrl) }),
      notify: optional(notify),
      limits,
    },
    { error: otherThanPrometheus },
  )
  .superRefine((config, context) => {
    const loopback = ['localhost', '127.0.0.1', '::1'].includes(config.listen.host)
    if (loopback || config.auth === 'none') return
    context.addIssue({
      code: 'custom',
      path: ['auth'],
      message: `listen.host ${config.listen.host} can be reached from elsewhere and nobody is asked who he is; say auth: none if that is wanted`,
    })
  })

export type Config = z.output<typeof configSchema>

/** As people would write them; also the reference (`barograph config`). */
export const DEFAULTS = {
  data: './data',
  listen: { host: 'localhost', http: 7300, otlp_http: 4318, otlp_grpc: 4317, scaler: 7301, kubernetes: 'off' },
  external_url: '',
  external_labels: {},
  auth: {},
  language: 'en',
  time_zone: 'UTC',
  holidays: [],
  rules: 'default',
  budget: {},
  lateness: '10s',
  resend: '1m',
  retention: { samples: '15d', rollups: '400d', incidents: '400d', bytes: '8GiB' },
  observe_self: '5s',
  otlp: { promote_scope_metadata: false, translation_strategy: 'UnderscoreEscapingWithSuffixes' },
  start_timestamp_zero_ingestion: true,
  scrape: [],
  kafka: {},
  upstream: {},
  elasticsearch: {},
  alertmanager: { urls: [] },
  notify: {},
  limits: {
    body: '64MiB',
    body_inflated: '64MiB',
    body_objects: 4_000_000,
    bodies_in_flight: '256MiB',
    connections: 10_000,
    queue: 10_000,
    series: 1_000_000,
    series_kept: 2_000_000,
    series_per_metric: 200_000,
    labels: 64,
    label_name_length: 512,
    label_value_length: 4096,
    buckets: 512,
    metric_families: 50_000,
    ahead: '10m',
    out_of_order: '30m',
    sample_cache: '128MiB',
    exemplars: 100_000,
    exemplars_per_series: 10,
    scored_series: 200_000,
    exposed_series: 1000,
    findings: 10_000,
    copies: 1000,
    templates_per_service: 1000,
    log_services: 1000,
    log_series: 100_000,
    open_incidents: 1000,
    incident_members: 1000,
    query_samples: 50_000_000,
    query_memory: '1GiB',
    query_series: 100_000,
    query_points: 5_000_000,
    answer_points: 20_000_000,
    query_timeout: '2m',
    stream_clients: 100,
    journal: '64MiB',
    replay: '500ms',
    disk_reserve: '64MiB',
    scrapes: 100,
    scrape_targets: 10_000,
  },
}
