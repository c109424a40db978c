import { withoutUser } from '#core/net/peer.ts'

import { type ChannelKind, type Message, type SendContext } from '../channel.ts'
import { addressName, postJson } from '../http.ts'
import { believedUntil_ms, type Notice, timeText } from '../sending/notice.ts'

const BATCH = 256

/** An alert as `POST /api/v2/alerts` takes it. */
function alertBody(
  notice: Notice,
  external_labels: Readonly<Record<string, string>>,
  { now_ms, resend_ms }: { readonly now_ms: number; readonly resend_ms: number },
): Record<string, unknown> {
  const ends_ms = notice.ends_ms ?? believedUntil_ms(notice, now_ms, resend_ms)
  const annotations = Object.entries(notice.annotations).filter(([, value]) => value !== '')
  return {
    labels: { ...external_labels, ...notice.labels.toJSON() },
    annotations: Object.fromEntries(annotations),
    startsAt: timeText(notice.starts_ms),
    // Before its start it would be refused.
    endsAt: timeText(Math.max(ends_ms, notice.starts_ms)),
    ...(notice.generator_url === '' ? {} : { generatorURL: notice.generator_url }),
  }
}

function noticesOf(messages: readonly Message[]): Notice[] {
  return messages.flatMap((message) => (message.kind === 'notice' ? [message.notice] : []))
}

/** One Alertmanager; every peer is a channel of its own and gets everything. Sends as Prometheus does (notifier/manager.go). */
export const alertmanager: ChannelKind<{
  readonly url: string
  readonly external_labels?: Readonly<Record<string, string>>
}> = {
  type: 'alertmanager',
  create({ url, external_labels = {} }, { fetch, version, resend_ms }) {
    const { url: base, headers, secrets } = withoutUser(url)
    const parsed = new URL(base)
    parsed.pathname = `${parsed.pathname.replace(/\/+$/, '')}/api/v2/alerts`
    return {
      name: addressName('alertmanager', url),
      wants: ['notice'],
      delivery: 'again',
      resolved: true,
      batch: BATCH,
      send(messages: readonly Message[], { now_ms, signal }: SendContext) {
        const body = noticesOf(messages).map((notice) => alertBody(notice, external_labels, { now_ms, resend_ms }))
        return postJson({
          fetch,
          url: parsed.href,
          headers: { ...headers, 'user-agent': `Barograph/${version}` },
          body: JSON.stringify(body),
          signal,
          secrets,
        })
      },
      close: () => Promise.resolve(),
    }
  },
}
