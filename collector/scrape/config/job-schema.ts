import { z } from 'zod'

import { bytes } from '#core/config/bytes.ts'
import { duration } from '#core/config/duration.ts'

import { relabelRule } from '../relabel/relabel-schema.ts'
import { ESCAPINGS, PROTOCOLS, type Protocol } from '../target/content-type.ts'
import { fileSdConfig, httpSdConfig, staticConfig } from './discovery-schema.ts'
import { HTTP_CLIENT, oneAuthorization } from './http-client-schema.ts'

const name = z.string().min(1)
const positive = duration.refine((ms) => ms > 0, 'must be more than 0')
const limit = z.int().min(0).default(0)
const path = z.string().startsWith('/')
const TARGET = 'host:port, or a URL that begins with http:// or https://; users are said with basic_auth'
const hasNoUser = (text: string): boolean => !/^(?:https?:\/\/)?[^/]*@/.test(text)
const target = z.union(
  [
    z.url({ protocol: /^https?$/ }).refine(hasNoUser),
    z
      .string()
      .regex(/^[^/\s]+$/)
      .refine(hasNoUser),
  ],
  { error: TARGET },
)
const labels = z.record(z.string().min(1), z.string())

/** Prometheus' default; its protobuf is passed over, text says the same of what is read here. */
const protocols = z
  .array(z.enum([...PROTOCOLS, 'PrometheusProto']))
  .min(1)
  .default([...PROTOCOLS])

const INTERVAL_MS = 60_000
const TIMEOUT_MS = 10_000

/** The short words of `barograph.yml`, and those of Prometheus' `scrape_config`. */
const job = z.strictObject({
  job: name.optional(),
  job_name: name.optional(),
  targets: z.array(target).default([]),
  labels: labels.default({}),
  interval: positive.optional(),
  scrape_interval: positive.optional(),
  timeout: positive.optional(),
  scrape_timeout: positive.optional(),
  path: path.optional(),
  metrics_path: path.optional(),
  scheme: z.enum(['http', 'https']).default('http'),
  params: z.record(z.string(), z.array(z.string())).default({}),
  scrape_protocols: protocols,
  fallback_scrape_protocol: z.enum(PROTOCOLS).optional(),
  metric_name_validation_scheme: z.enum(['utf8', 'legacy']).default('utf8'),
  metric_name_escaping_scheme: z.enum(ESCAPINGS).optional(),
  strict: z.boolean().default(false),
  honor_labels: z.boolean().default(false),
  honor_timestamps: z.boolean().default(true),
  track_timestamps_staleness: z.boolean().default(false),
  enable_compression: z.boolean().default(true),
  always_scrape_classic_histograms: z.boolean().default(true),
  ...HTTP_CLIENT,
  static_configs: z.array(staticConfig).default([]),
  file_sd_configs: z.array(fileSdConfig).default([]),
  http_sd_configs: z.array(httpSdConfig).default([]),
  relabel_configs: z.array(relabelRule).default([]),
  metric_relabel_configs: z.array(relabelRule).default([]),
  body_size_limit: bytes.prefault(0),
  sample_limit: limit,
  label_limit: limit,
  label_name_length_limit: limit,
  label_value_length_limit: limit,
  target_limit: limit,
  keep_dropped_targets: limit,
})

type Written = z.output<typeof job>

const ALIASES = [
  ['job', 'job_name'],
  ['interval', 'scrape_interval'],
  ['timeout', 'scrape_timeout'],
  ['path', 'metrics_path'],
] as const satisfies readonly (readonly [keyof Written, keyof Written])[]

function checked(written: Written, context: z.RefinementCtx): void {
  const issue = (key: keyof Written, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message })
  }
  for (const [short, long] of ALIASES) {
    if (written[short] !== undefined && written[long] !== undefined) issue(long, `is ${short} too; say one of them`)
  }
  if (written.job === undefined && written.job_name === undefined) issue('job', 'is missing: every job has a name')
  const interval = written.interval ?? written.scrape_interval ?? INTERVAL_MS
  const timeout = written.timeout ?? written.scrape_timeout
  if (timeout !== undefined && timeout > interval) issue('timeout', 'is longer than the interval')
  if (written.scrape_protocols.every((protocol) => protocol === 'PrometheusProto')) {
    issue('scrape_protocols', 'PrometheusProto cannot be read; name one of the text formats too')
  }
  oneAuthorization(written, context)
}

/** One entry of `scrape`. */
export const scrapeJob = job.superRefine(checked).transform((written) => {
  const interval_ms = written.interval ?? written.scrape_interval ?? INTERVAL_MS
  const timeout_ms = written.timeout ?? written.scrape_timeout ?? Math.min(TIMEOUT_MS, interval_ms)
  const legacy = written.metric_name_validation_scheme === 'legacy'
  return {
    ...written,
    job: written.job ?? written.job_name ?? '',
    interval_ms,
    timeout_ms,
    path: written.path ?? written.metrics_path ?? '/metrics',
    protocols: written.scrape_protocols.filter((protocol): protocol is Protocol => protocol !== 'PrometheusProto'),
    escaping: written.metric_name_escaping_scheme ?? (legacy ? 'underscores' : 'allow-utf-8'),
  }
})

/** `scrape`: jobs, each with a name of its own. */
export const scrapeJobs = z.array(scrapeJob).superRefine((jobs, context) => {
  const seen = new Set<string>()
  for (const [i, { job: called }] of jobs.entries()) {
    if (seen.has(called)) context.addIssue({ code: 'custom', path: [i, 'job'], message: 'another job has this name' })
    seen.add(called)
  }
})

export type ScrapeJob = z.output<typeof scrapeJob>
