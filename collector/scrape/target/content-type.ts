import { ServiceError } from '#core/errors.ts'

/** What a target may be asked for, in Prometheus' words. */
export const PROTOCOLS = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
] as const

export type Protocol = (typeof PROTOCOLS)[number]
export type Format = 'text' | 'openmetrics'

export const ESCAPINGS = ['allow-utf-8', 'underscores', 'dots', 'values'] as const

const MEDIA_TYPES: Readonly<Record<Protocol, string>> = {
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
}

export function formatOf(protocol: Protocol): Format {
  return protocol.startsWith('OpenMetrics') ? 'openmetrics' : 'text'
}

/** The `Accept` header: the protocols in order of preference. Only versions 1.0.0 know of escaping. */
export function acceptHeader(protocols: readonly Protocol[], escaping: (typeof ESCAPINGS)[number]): string {
  const wanted = protocols.map((protocol, i) => {
    const escaped = protocol.endsWith('1.0.0') ? `;escaping=${escaping}` : ''
    return `${MEDIA_TYPES[protocol]}${escaped};q=0.${protocols.length + 1 - i}`
  })
  return [...wanted, '*/*;q=0.1'].join(',')
}

/**
 * The format of a page by its `Content-Type`. Throws `ServiceError('unsupported_media')` for none and for an unknown one where no
 * fallback is given, as Prometheus 3 does.
 */
export function pageFormat(contentType: string, fallback: Protocol | undefined): Format {
  const media = contentType.split(';')[0]!.trim().toLowerCase()
  if (media === 'text/plain') return 'text'
  if (media === 'application/openmetrics-text') return 'openmetrics'
  if (fallback !== undefined) return formatOf(fallback)
  const what =
    media === '' ? 'no Content-Type' : `an unsupported Content-Type ${JSON.stringify(contentType.slice(0, 80))}`
  throw new ServiceError('unsupported_media', `the target sends ${what}, and no fallback_scrape_protocol is given`)
}
