import { internal } from './protocol.ts'

/** What is used of the library's queue of requests to one broker. */
export interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

type Constructor = new (options: object) => RequestQueue

/** The library's own, as it is after `mendRequestQueue`. */
export const RequestQueue = internal('kafkajs/src/network/requestQueue/index.js') as Constructor

const schedule = RequestQueue.prototype.scheduleCheckPendingRequests as RequestQueue['scheduleCheckPendingRequests']

function scheduleWhereSomeWait(this: RequestQueue): void {
  if (this.pending.length > 0) schedule.call(this)
}

/**
 * kafkajs 2.2 looks for requests that wait a thousand times a second on every connection, where none does, by a timer that lies in
 * the past: Node warns of it (TimeoutNegativeWarning), and an idle consumer costs CPU time. A queue in which nothing waits needs no
 * timer: whatever is queued sets one.
 */
export function mendRequestQueue(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = scheduleWhereSomeWait
}
