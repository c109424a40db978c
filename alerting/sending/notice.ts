import type { Labels } from '#core/series.ts'

/** One alert as people and Alertmanagers are told of it: a rule's alert, or an incident. Times are event times. */
export interface Notice {
  /** Names one episode under one label set: what was sent is logged by it. */
  readonly key: string
  /** What belongs to one message: the incident, or the alert itself. */
  readonly group: string
  readonly status: 'firing' | 'resolved'
  /** Fixed when it is first sent. */
  readonly labels: Labels
  readonly annotations: Readonly<Record<string, string>>
  readonly starts_ms: number
  /** When it was resolved; absent while firing. */
  readonly ends_ms?: number
  /** Wall time until which it is believed by those who were told of it, once its rule has forgotten it: nobody is told more of it. */
  readonly believed_ms?: number
  /** Bounds how long a firing notice is believed: the interval at which its state is looked at anew. */
  readonly interval_ms: number
  readonly generator_url: string
}

/** A time as the wire has it: RFC 3339, UTC, milliseconds. A time that no date can name is epoch 0. */
export function timeText(time_ms: number): string {
  return new Date(Math.abs(time_ms) <= 8.64e15 ? time_ms : 0).toISOString()
}

/** A firing alert is believed for so many of its intervals. */
const BELIEVED = 4

/** Until when a firing notice that is told at `told_ms` is believed where nothing more is heard. Source: Prometheus, rules/alerting.go, sendAlerts. */
export function believedUntil_ms(
  { interval_ms }: Pick<Notice, 'interval_ms'>,
  told_ms: number,
  resend_ms: number,
): number {
  return told_ms + BELIEVED * Math.max(interval_ms, resend_ms)
}
