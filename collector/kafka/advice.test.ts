import { expect, test } from 'vitest'

import { adviceOn } from './advice.ts'

const CONFIG = { brokers: ['10.0.0.1:9092'], group: 'ours' }

/** As the library wraps one when it gives up. */
const wrapped = (fields: object): Error => new Error('gave up', { cause: Object.assign(new Error('why'), fields) })

test.each([
  ['a name that only brokers know', { name: 'KafkaJSConnectionError', broker: 'kafka:9092' }, /kafka:9092.*advertised/],
  ['a connection that was closed', { name: 'KafkaJSConnectionClosedError', broker: '10.0.0.1:9092' }, /kafka\.ssl/],
  ['a user that is not wanted', { type: 'ILLEGAL_SASL_STATE' }, /wants no user/],
  ['a group that may not be used', { name: 'KafkaJSGroupCoordinatorNotFound' }, /group ours/],
  ['a topic that may not be read', { type: 'TOPIC_AUTHORIZATION_FAILED' }, /kafka\.topics/],
  ['anything else', { broker: '10.0.0.1:9092' }, /^see kafka\.brokers, kafka\.sasl and kafka\.ssl$/],
])('%s', (_, fields, advice) => {
  expect(adviceOn(wrapped(fields), CONFIG)).toMatch(advice)
})

test('what is no error of the library', () => {
  for (const error of [undefined, 'text', new Error('x')]) expect(adviceOn(error, CONFIG)).toContain('kafka.brokers')
})
