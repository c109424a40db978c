import { afterEach, beforeEach, expect, test } from 'vitest'

import { Peer } from '../testing/peer.fixture.ts'
import { finding, T0 } from '../testing/story.fixture.ts'
import { elasticsearch } from './elasticsearch.ts'

const DEPS = {
  fetch,
  version: '1',
  external_url: '',
  locale: { language: 'en', zone: 'UTC' },
  resend_ms: 60_000,
} as const
const open = finding('a', 0)

let peer: Peer
let url: string
beforeEach(async () => {
  peer = new Peer()
  url = await peer.start()
})
afterEach(() => peer.stop())

/** What the answer to a bulk request, item by item, is to the sender. */
async function outcome(...items: readonly unknown[]): Promise<unknown> {
  const channel = elasticsearch.create({ url, write: ['findings'] }, DEPS)
  peer.answer = JSON.stringify({ errors: true, items: items.map((create) => ({ create })) })
  const message = { kind: 'finding', key: 'f', finding: open } as const
  return channel.send([message], { now_ms: T0, signal: new AbortController().signal }).then(
    () => 'done',
    (error: unknown) => error,
  )
}

const error = { type: 'some_exception', reason: 'so it is' }

test('what is written already is done', async () => {
  expect(await outcome({ status: 201 }, { status: 409, error })).toBe('done')
})

test('a batch of which part may be tried again is tried again, whatever else is wrong with it', async () => {
  expect(await outcome({ status: 400, error }, { status: 429, error }, { status: 503, error })).toMatchObject({
    retryable: true,
    message: 'answered 429: 3 documents not written: some_exception so it is',
  })
})

test('a batch of which part will never be taken is not tried again', async () => {
  expect(await outcome({ status: 201 }, { status: 400, error })).toMatchObject({
    retryable: false,
    message: 'answered 400: 1 documents not written: some_exception so it is',
  })
})

test('an answer of something else is a refusal', async () => {
  peer.answerTo = () => ({ body: '{"login":"please"}' })
  expect(await outcome()).toMatchObject({
    retryable: false,
    message: 'answered 200: this is no answer of Elasticsearch',
  })
})

test('an answer without end is not read to its end, and what was sent is tried again', async () => {
  peer.answerTo = ({ path }) => ({ body: path === '/_bulk' ? `{"x":"${'y'.repeat(2 ** 24)}"}` : '' })
  expect(await outcome()).toMatchObject({
    code: 'unavailable',
    retryable: true,
    message: expect.stringMatching(/16777216/) as string,
  })
})

test('templates that are there stay as they are, and are asked for once', async () => {
  const channel = elasticsearch.create({ url, write: ['findings', 'incidents'] }, DEPS)
  const message = { kind: 'finding', key: 'f', finding: open } as const
  for (let n = 0; n < 2; n++) await channel.send([message], { now_ms: T0, signal: new AbortController().signal })
  expect(peer.heard.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'HEAD /_index_template/barograph-findings',
    'HEAD /_index_template/barograph-incidents',
    'POST /_bulk',
    'POST /_bulk',
  ])
})
