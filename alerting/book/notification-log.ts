import type { DatabaseSync } from 'node:sqlite'

import { reviveFacts } from '../correlation/snapshot.ts'
import type { Notice } from '../sending/notice.ts'
import type { Writes } from './database.ts'

/** The channel under which stands what was decided, whoever was reached. */
const DECISION = ''

export interface LoggedNotice {
  readonly notice: Notice
  /** Wall times at which it was first told, and last changed. */
  readonly first_ms: number
  readonly last_ms: number
}

interface Row {
  readonly channel: string
  readonly notice: Notice
  readonly at_ms: number
}

/** What was told to whom, with its labels as they were sent: after a restart nobody hears it twice. */
export class NotificationLog {
  readonly #writes: Writes
  /** What the disk did not take yet, by channel and key. */
  readonly #unwritten = new Map<string, Row>()
  readonly #put
  readonly #find
  readonly #all
  readonly #forget

  constructor(database: DatabaseSync, writes: Writes) {
    this.#writes = writes
    this.#put = database.prepare(`
      INSERT INTO notifications (channel, key, status, labels, notice, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (channel, key) DO UPDATE SET status = excluded.status, notice = excluded.notice, last_ms = excluded.last_ms
    `)
    this.#find = database.prepare('SELECT status FROM notifications WHERE channel = ? AND key = ?')
    this.#all = database.prepare('SELECT * FROM notifications WHERE channel = ? ORDER BY first_ms, key')
    this.#forget = database.prepare(`DELETE FROM notifications WHERE last_ms < ? AND key NOT IN
      (SELECT key FROM notifications WHERE channel = '' AND status = 'firing')`)
  }

  decide(notice: Notice, at_ms: number): void {
    this.#write(DECISION, notice, at_ms)
  }

  /** In order of first telling. */
  decided(): LoggedNotice[] {
    return this.#all.all(DECISION).map((row) => ({
      notice: JSON.parse(String(row['notice']), reviveFacts) as Notice,
      first_ms: Number(row['first_ms']),
      last_ms: Number(row['last_ms']),
    }))
  }

  sent(channel: string, notice: Notice, at_ms: number): void {
    this.#write(channel, notice, at_ms)
  }

  /** True when the channel was told of the notice in this state. */
  wasSent(channel: string, { key, status }: Notice): boolean {
    const told = this.#told(channel, key)
    return told !== undefined && (told === status || told === 'resolved')
  }

  /** True when the channel was told anything of the notice. */
  knows(channel: string, { key }: Notice): boolean {
    return this.#told(channel, key) !== undefined
  }

  /** Forgets what was last touched before `time_ms` and is not firing. */
  retain(time_ms: number): void {
    this.#writes.attempt(() => this.#forget.run(time_ms))
  }

  #told(channel: string, key: string): unknown {
    return this.#unwritten.get(nameOf(channel, key))?.notice.status ?? this.#find.get(channel, key)?.['status']
  }

  #write(channel: string, notice: Notice, at_ms: number): void {
    this.#unwritten.set(nameOf(channel, notice.key), { channel, notice, at_ms })
    const written = this.#writes.attempt(() => {
      for (const row of this.#unwritten.values()) this.#putRow(row)
    })
    if (written) this.#unwritten.clear()
  }

  #putRow({ channel, notice, at_ms }: Row): void {
    const labels = JSON.stringify(notice.labels)
    this.#put.run(channel, notice.key, notice.status, labels, JSON.stringify(notice), at_ms, at_ms)
  }
}

function nameOf(channel: string, key: string): string {
  return `${channel}\n${key}`
}
