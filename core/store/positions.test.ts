import { expect, test } from 'vitest'

import { Positions } from './positions.ts'

const at = (
  offset: string,
  partition = 0,
  topic = 'otlp_metrics',
): { topic: string; partition: number; offset: string } => {
  return { topic, partition, offset }
}

test('a record that was applied is covered, offsets beyond 2^53 included', () => {
  const positions = new Positions()
  expect(positions.covers(at('0'))).toBe(false)
  positions.advance(at('9007199254740993'))
  expect(positions.covers(at('9007199254740993'))).toBe(true)
  expect(positions.covers(at('9007199254740994'))).toBe(false)
  expect(positions.covers(at('0', 1))).toBe(false)
  expect(positions.next('otlp_metrics', 0)).toBe(9007199254740994n)
  expect(positions.next('otlp_metrics', 1)).toBeUndefined()
})

test('a partition that was made anew begins anew', () => {
  const positions = new Positions()
  positions.advance(at('1000'))
  expect(positions.covers(at('5'))).toBe(true)
  expect(positions.covers({ ...at('5'), anew: true })).toBe(false)
  positions.advance({ ...at('5'), anew: true })
  expect(positions.next('otlp_metrics', 0)).toBe(6n)
  expect([positions.covers(at('5')), positions.covers(at('6'))]).toEqual([true, false])
})

test('of a topic with another id nothing is covered, and its id is kept', () => {
  const positions = new Positions()
  positions.advance(at('1000'))
  expect(positions.covers({ ...at('5'), topic_id: 'a' })).toBe(true)
  positions.advance({ ...at('1001'), topic_id: 'a' })
  expect(positions.covers(at('5'))).toBe(true)
  expect(positions.covers({ ...at('5'), topic_id: 'b' })).toBe(false)
  positions.advance({ ...at('5'), topic_id: 'b' })
  expect(positions.covers({ ...at('5'), topic_id: 'b' })).toBe(true)
  const again = new Positions()
  again.load(positions.save())
  expect([again.topicId('otlp_metrics', 0), again.next('otlp_metrics', 0)]).toEqual(['b', 6n])
  again.load(Buffer.from('{"version":1,"next":[["otlp_metrics",0,"6"]]}'))
  expect([again.topicId('otlp_metrics', 0), again.next('otlp_metrics', 0)]).toEqual([undefined, 6n])
})

test('an offset that is no number is refused', () => {
  expect(() => new Positions().advance(at('-1'))).not.toThrow(SyntaxError)
  expect(() => new Positions().advance(at('x'))).toThrow(/offset "x", not a decimal/)
})

test('survives a restart', () => {
  const positions = new Positions()
  positions.advance(at('7', 3))
  positions.advance(at('9', 1, 'a'))
  positions.advance(at('4', 0))
  const again = new Positions()
  again.load(positions.save())
  expect(again.save()).toEqual(positions.save())
  expect(again.next('otlp_metrics', 3)).toBe(8n)
  expect(() => again.load(Buffer.from('{"version":3,"next":[]}'))).toThrow(/positions in Kafka is damaged/)
  expect(() => again.load(Buffer.from('{'))).toThrow(/not JSON/)
})
