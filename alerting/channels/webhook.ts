import { addressOf, secretsIn, withoutUser } from '#core/net/peer.ts'

import type { ChannelKind, Message, WebhookTarget } from '../channel.ts'
import { addressName, postJson } from '../http.ts'
import { type Notice, timeText } from '../sending/notice.ts'

/** Go's zero time: Alertmanager says it where there is no end yet. */
const NO_TIME = '0001-01-01T00:00:00Z'
/** What members of one group have in common. */
const GROUP_LABELS = ['alertname', 'incident_id'] as const

/** Alertmanager's webhook payload, version 4, with one alert. */
function payload(notice: Notice, external_url: string): Record<string, unknown> {
  const labels = notice.labels.toJSON()
  const annotations = Object.fromEntries(Object.entries(notice.annotations).filter(([, value]) => value !== ''))
  const groupLabels = notice.labels.keep(new Set(GROUP_LABELS)).toJSON()
  return {
    version: '4',
    groupKey: `{}:{group=${JSON.stringify(notice.group)}}`,
    truncatedAlerts: 0,
    status: notice.status,
    receiver: 'barograph',
    groupLabels,
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: external_url,
    alerts: [
      {
        status: notice.status,
        labels,
        annotations,
        startsAt: timeText(notice.starts_ms),
        endsAt: notice.ends_ms === undefined ? NO_TIME : timeText(notice.ends_ms),
        generatorURL: notice.generator_url,
        fingerprint: notice.labels.fingerprint,
      },
    ],
  }
}

/** Anything that understands Alertmanager's webhooks: one message for each alert or incident that begins or ends. */
export const webhook: ChannelKind<WebhookTarget> = {
  type: 'webhook',
  create({ url, headers, send_resolved }, { fetch, version, external_url }) {
    const target = withoutUser(url)
    const own = Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const)
    const { pathname, search } = addressOf(target.url)
    // Chat services put their token into the path.
    const hidden = [pathname, search].filter((part) => part.length > 1)
    const secrets = [
      url,
      target.url,
      ...target.secrets,
      ...[...hidden, ...own.map(([, value]) => value)].flatMap(secretsIn),
    ]
    return {
      name: addressName('webhook', url),
      wants: ['notice'],
      delivery: 'once',
      resolved: send_resolved,
      batch: 1,
      async send(messages: readonly Message[], { signal }) {
        for (const message of messages) {
          if (message.kind !== 'notice') continue
          await postJson({
            fetch,
            url: target.url,
            headers: { 'user-agent': `Barograph/${version}`, ...target.headers, ...Object.fromEntries(own) },
            body: JSON.stringify(payload(message.notice, external_url)),
            signal,
            secrets,
          })
        }
      },
      close: () => Promise.resolve(),
    }
  },
}
