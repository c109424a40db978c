import { type Notice, timeText } from './notice.ts'

/** What would have been said, and when by the clock: a line of a replay. */
export interface SentMessage {
  readonly at: string
  readonly status: Notice['status']
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly starts_at: string
  readonly ends_at?: string
}

export function messageOf(notice: Notice, now_ms: number): SentMessage {
  return {
    at: timeText(now_ms),
    status: notice.status,
    labels: notice.labels.toJSON(),
    annotations: notice.annotations,
    starts_at: timeText(notice.starts_ms),
    ...(notice.ends_ms === undefined ? {} : { ends_at: timeText(notice.ends_ms) }),
  }
}
