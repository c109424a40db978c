// Transactions that lie in each other, as the library decodes them.
import { expect, test } from 'vitest'

import { withoutAborted } from './aborted.ts'
import type { LibraryRecord } from './record-batches.ts'

const ABORT = Buffer.of(0, 0, 0, 0)
const COMMIT = Buffer.of(0, 0, 0, 1)

function record(offset: number, producerId: string, more: Partial<LibraryRecord> = {}): LibraryRecord {
  const batchContext = { producerId, inTransaction: producerId !== '-1' }
  return { offset: String(offset), key: null, value: null, headers: {}, isControlRecord: false, batchContext, ...more }
}

const end = (offset: number, producerId: string, key: Buffer): LibraryRecord =>
  record(offset, producerId, { key, isControlRecord: true })

function read(aborted: readonly (readonly [producerId: string, firstOffset: number])[], messages: LibraryRecord[]) {
  const abortedTransactions = aborted.map(([producerId, first]) => ({ producerId, firstOffset: String(first) }))
  const partition = withoutAborted({ abortedTransactions, messages })
  expect(partition.messages.map(({ offset }) => offset)).toEqual(messages.map(({ offset }) => offset))
  return partition.messages.filter((one) => !one.isControlRecord).map(({ offset }) => Number(offset))
}

test('two that lie in each other, listed as they ended', () => {
  const messages = [record(0, 'a'), record(1, 'b'), record(2, '-1'), end(3, 'b', ABORT), record(4, 'a')]
  expect(
    read(
      [
        ['b', 1],
        ['a', 0],
      ],
      [...messages, end(5, 'a', ABORT), record(6, 'a')],
    ),
  ).toEqual([2, 6])
})

test('two that both began before what was fetched', () => {
  expect(
    read(
      [
        ['b', 100],
        ['a', 101],
      ],
      [record(200, 'a'), record(201, 'b'), record(202, 'c')],
    ),
  ).toEqual([202])
})

test('only the end of a transaction ends it, and of a producer only what it aborted is left out', () => {
  const messages = [record(10, 'a', { key: ABORT }), record(11, 'a'), end(12, 'a', ABORT), record(13, 'a')]
  expect(
    read([['a', 10]], [record(9, 'b'), ...messages, end(14, 'a', COMMIT), end(15, 'b', COMMIT), record(16, '-1')]),
  ).toEqual([9, 13, 16])
})

test('where nothing was aborted nothing is looked at', () => {
  const partition = { abortedTransactions: null, messages: [record(1, 'a')] }
  expect(withoutAborted(partition)).toBe(partition)
})
