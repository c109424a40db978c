import { Secret } from '#core/config/secret.ts'
import { urlAt } from '#core/net/loopback.ts'
import type { Locale } from '#core/sentences.ts'
import { Labels } from '#core/series.ts'
import type { StoreLimits } from '#core/store/limits.ts'

import type { AlertingConfig } from '../alerting/index.ts'
import type { DecoderOptions, RemoteWriteOptions } from '../collector/index.ts'
import type { DetectorsOptions, Outside } from '../detectors/index.ts'
import type { QueryLimits } from '../query/index.ts'
import type { Config } from './config.ts'

/** What of the configuration each room is told, in its own words. */
export function storeLimits({ limits, retention }: Config): Partial<StoreLimits> {
  const { series, series_kept, series_per_metric, labels, label_name_length, label_value_length, buckets } = limits
  return {
    series,
    series_kept,
    series_per_metric,
    labels,
    label_name_length,
    label_value_length,
    buckets,
    out_of_order_ms: limits.out_of_order,
    ahead_ms: limits.ahead,
    retention_ms: retention.samples,
    rollups_ms: retention.rollups,
    bytes: retention.bytes,
    cache_bytes: limits.sample_cache,
    exemplars: limits.exemplars,
    exemplars_per_series: limits.exemplars_per_series,
  }
}

export function decoderOptions(config: Config): Omit<DecoderOptions, 'meter'> {
  const { limits, otlp, start_timestamp_zero_ingestion } = config
  const { body_objects, label_value_length } = limits
  return { body_objects, label_value_length, ...otlp, start_timestamp_zero_ingestion }
}

export function remoteWriteOptions(config: Config): Omit<RemoteWriteOptions, 'meter'> {
  const { limits, start_timestamp_zero_ingestion } = config
  const { body_objects, metric_families } = limits
  return { body_objects, metric_families, start_timestamp_zero_ingestion }
}

export function queryLimits({ limits }: Config): Partial<QueryLimits> {
  return { samples: limits.query_samples, memory: limits.query_memory, series: limits.query_series }
}

export function detectorsConfig({
  lateness,
  budget,
  time_zone,
  holidays,
  limits,
}: Config): Pick<DetectorsOptions, 'lateness_ms' | 'budget' | 'calendar' | 'limits'> {
  return {
    lateness_ms: lateness,
    budget: { total: budget.everything, services: budget.services },
    calendar: { zone: time_zone, holidays },
    limits,
  }
}

export function alertingConfig(config: Config): AlertingConfig {
  const { elasticsearch, resend, external_labels } = config
  const alertmanager = { ...config.alertmanager, external_labels }
  return { alertmanager, webhooks: webhooks(config), elasticsearch, resend_ms: resend }
}

/** How it speaks where the reader says nothing. */
export function localeOf({ language, time_zone }: Config): Locale {
  return { language, zone: time_zone }
}

/** How others reach and know this server. */
export function externalUrl({ external_url, listen }: Config): string {
  if (external_url !== '') return external_url.replace(/\/$/, '')
  return urlAt(listen.host, listen.http ?? 7300)
}

/** What templates of rules know of it. */
export function outside(config: Config): Outside {
  return { external_labels: Labels.of(config.external_labels), external_url: externalUrl(config) }
}

/** Those of the receiver that the route names. */
function webhooks({ notify }: Config): AlertingConfig['webhooks'] {
  const receiver = notify?.receivers.find(({ name }) => name === notify.route.receiver)
  return (receiver?.webhook_configs ?? []).map(
    ({ url, send_resolved, http_config: { authorization, http_headers } }) => ({
      url: url.reveal(),
      send_resolved,
      headers: {
        ...Object.fromEntries(Object.entries(http_headers).map(([name, { secrets }]) => [name, secrets[0]!])),
        ...(authorization !== undefined && {
          authorization: new Secret(`${authorization.type} ${authorization.credentials.reveal()}`),
        }),
      },
    }),
  )
}
