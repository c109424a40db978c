import { describe, expect, test } from 'vitest'

import { loopIdle_ms, monotonicNow_ms } from '#core/clock.ts'
import { LeftBehind } from '#core/left-behind.ts'
import { Turns } from '#core/turns.ts'

import { Deliveries } from './delivery.ts'
import type { JsonBytes } from './json-bytes.ts'

const LINE = '"0123456789abcdef",'
const LINES = 60_000

/** What was asked of the writer so far. */
class Writer {
  lines = 0;

  *pieces(json: JsonBytes, count: number): Generator<undefined, void> {
    json.text('[')
    for (; this.lines < count; this.lines++) {
      json.text(LINE)
      yield
    }
    json.text('0]')
  }
}

function deliveriesOf(): Deliveries {
  const leftBehind = new LeftBehind(() => {})
  return new Deliveries({ points: 100_000, turns: new Turns(monotonicNow_ms, loopIdle_ms), leftBehind })
}

function sent(deliveries: Deliveries, writer: Writer): Response {
  return deliveries.send({ points: LINES, series: 0, pieces: (json) => writer.pieces(json, LINES) })
}

describe('an answer of many points', () => {
  test('is what was written, in whatever pieces', async () => {
    const values = (await sent(deliveriesOf(), new Writer()).json()) as unknown[]
    expect(values).toHaveLength(LINES + 1)
    expect(values.at(-1)).toBe(0)
  })

  test('is written only as far as it is read', async () => {
    const writer = new Writer()
    const reader = sent(deliveriesOf(), writer).body!.getReader()
    expect(writer.lines).toBe(0)
    await reader.read()
    expect(writer.lines).toBeGreaterThan(0)
    expect(writer.lines).toBeLessThan(LINES / 3)
    await reader.cancel()
  })

  test('counts until it is read to its end, or nobody reads it any more', async () => {
    const deliveries = deliveriesOf()
    const unread = sent(deliveries, new Writer())
    expect(deliveries.points).toBe(0)
    const reader = unread.body!.getReader()
    await reader.read()
    expect(deliveries.points).toBe(LINES)
    await reader.cancel()
    expect(deliveries.points).toBe(0)
    await sent(deliveries, new Writer()).text()
    expect(deliveries.points).toBe(0)
  })

  test('is refused while too many others are being written', async () => {
    const deliveries = deliveriesOf()
    const reader = sent(deliveries, new Writer()).body!.getReader()
    await reader.read()
    expect(() => sent(deliveries, new Writer())).toThrow(
      'answers of 60000 points are being written (limits.answer_points is 100000)',
    )
    await reader.cancel()
    await sent(deliveries, new Writer()).text()
  })

  test('counts its series as well: their labels are most of it where they have few points', async () => {
    const deliveries = deliveriesOf()
    const answer = {
      points: 20_000,
      series: 2000,
      pieces: (json: JsonBytes) => new Writer().pieces(json, LINES),
    }
    const reader = deliveries.send(answer).body!.getReader()
    await reader.read()
    expect(() => deliveries.send(answer)).toThrow('answers of 148000 points are being written')
    await reader.cancel()
  })

  test('gives back what it counted when it cannot be written', async () => {
    const deliveries = deliveriesOf()
    const broken = deliveries.send({
      points: LINES,
      series: 0,
      // eslint-disable-next-line require-yield -- it fails before
      *pieces() {
        throw new Error('no more')
      },
    })
    await expect(broken.text()).rejects.toThrow('no more')
    expect(deliveries.points).toBe(0)
  })
})

test('an answer of few points is one piece', async () => {
  const deliveries = deliveriesOf()
  const response = deliveries.send({ points: 3, series: 1, pieces: (json) => new Writer().pieces(json, 3) })
  expect(await response.json()).toHaveLength(4)
})
