import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { mendRequestQueue, RequestQueue } from './request-queue.ts'

interface Whole extends RequestQueue {
  readonly inflight: ReadonlyMap<number, unknown>
  push(request: object): void
  maybeThrottle(ms: number): void
  fulfillRequest(response: object): void
  destroy(): void
}

const logger = { debug() {}, warn() {} }
let sent: number[]
let queue: Whole

beforeEach(() => {
  vi.useFakeTimers()
  mendRequestQueue()
  sent = []
  queue = new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1000,
    clientId: 'c',
    broker: 'b',
    logger,
  }) as Whole
})
afterEach(() => {
  queue.destroy()
  vi.useRealTimers()
})

function push(correlationId: number): void {
  const entry = { correlationId, apiName: 'Fetch', resolve() {}, reject() {} }
  queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) })
}

const answer = (correlationId: number): void => queue.fulfillRequest({ correlationId, payload: null, size: 0 })

test('where no request waits, nothing is looked for', () => {
  push(1)
  answer(1)
  expect(vi.getTimerCount()).toBe(0)
})

test('what waits for an answer to come is sent when it has', () => {
  push(1)
  push(2)
  expect(sent).toEqual([1])
  answer(1)
  expect(sent).toEqual([1, 2])
})

test('what a broker holds back is sent when it may be', () => {
  queue.maybeThrottle(500)
  push(1)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(499)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(20)
  expect(sent).toEqual([1])
  answer(1)
  vi.advanceTimersByTime(1000)
  expect(vi.getTimerCount()).toBe(0)
})
