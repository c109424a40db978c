// A partition between a broker that gives what it is asked for and an intake that refuses as it likes.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import type { KafkaRecord, RecordBatch, TopicPartition } from './consumer.ts'
import { Fifo } from './fifo.ts'
import type { Place } from './lane.ts'
import { doneOf, Lanes, type LanesOptions } from './lanes.ts'
import { Window } from './window.ts'

const AT: TopicPartition = { topic: 'otlp', partition: 0 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const recordAt = (offset: number, value: string | null = String(offset)): KafkaRecord => ({
  offset: BigInt(offset),
  value: value === null ? null : Buffer.from(value),
  refusal: undefined,
})

const batchOf = (
  records: readonly KafkaRecord[],
  next: number,
  end = next,
  first = records[0]?.offset ?? BigInt(next - 1),
): RecordBatch => ({
  ...AT,
  records,
  first,
  next: BigInt(next),
  end: BigInt(end),
})

/** `never offered`: it is left out before the intake hears of it. */
type Says = 'ok' | 'later' | 'bad' | 'never offered'

/** The rule of the process: what is taken is taken once; a record whose predecessor was not taken is refused. */
class Intake {
  readonly taken: bigint[] = []
  readonly refused: bigint[] = []
  next = 0n
  /** What is said of the n-th offer. */
  readonly #says: (offer: number) => Says
  #offers = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(says: (offer: number) => Says = () => 'ok') {
    this.#says = says
  }

  readonly work: LanesOptions['work'] = {
    submit: (_, { offset }, place) => {
      const answer = this.#turn.then(turn).then(() => this.#take(offset, place))
      this.#turn = answer.catch(() => undefined)
      return answer
    },
    refused: (_, { offset }) => void this.refused.push(offset),
    pause: turn,
  }

  #take(offset: bigint, { after, anew }: Place): void {
    if (offset < this.next && !anew) return
    if (after !== undefined && after >= this.next) throw new ServiceError('unavailable', 'its predecessor is missing')
    const says = this.#says(this.#offers++)
    if (says === 'never offered') throw new ServiceError('too_large', 'no')
    if (says === 'later') throw new ServiceError('overloaded', 'later')
    this.next = offset + 1n
    if (says === 'bad') throw new ServiceError('bad_data', 'no')
    this.taken.push(offset)
  }
}

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 20_000 && !done(); i++) await turn()
  expect(done()).toBe(true)
}

const says = fc.array(fc.constantFrom('ok' as const, 'ok' as const, 'later' as const, 'bad' as const), {
  maxLength: 60,
})

test('whatever is refused for now, and whenever the group changes: each record is taken once, or refused once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      says,
      fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 }),
      fc.array(fc.nat(20)),
      async (list, sizes, resets) => {
        const total = 60
        const intake = new Intake((offer) => list[offer] ?? 'ok')
        const lanes = new Lanes({ held: 2000, work: intake.work })
        lanes.assign([AT])
        // The broker gives what comes next, and after a change what is not done.
        let fetched = 0
        for (let round = 0; fetched < total; round++) {
          const size = Math.min(total - fetched, sizes[round % Math.max(1, sizes.length)] ?? 5)
          const records = Array.from({ length: size }, (_, i) => recordAt(fetched + i))
          fetched += size
          await lanes.push(batchOf(records, fetched, total))
          if (!resets.includes(round)) continue
          lanes.assign([AT])
          fetched = Number(lanes.of(AT).next ?? 0n)
        }
        await until(() => lanes.lag === 0n && lanes.held === 0)
        const all = [...intake.taken, ...intake.refused].toSorted((a, b) => Number(a - b))
        expect(all).toEqual(Array.from({ length: total }, (_, i) => BigInt(i)))
        expect(intake.taken).toEqual(intake.taken.toSorted((a, b) => Number(a - b)))
        expect(doneOf(lanes.mine)).toEqual([{ ...AT, next: BigInt(total) }])
      },
    ),
    { numRuns: 150 },
  )
})

test('of a partition that was made anew each record is taken once, whatever is stored of the one before', async () => {
  const outcomes = fc.constantFrom<Says>('ok', 'later', 'bad', 'never offered')
  await fc.assert(
    fc.asyncProperty(fc.array(outcomes, { maxLength: 12 }), async (list) => {
      const intake = new Intake((offer) => list[offer] ?? 'ok')
      intake.next = 1000n
      const lanes = new Lanes({ held: 2000, work: intake.work })
      lanes.assign([AT])
      const lane = lanes.of(AT)
      lane.next = 1000n
      await lanes.push(batchOf([recordAt(0)], 1))
      await until(() => lane.empty)
      expect(intake.taken).toEqual([])
      lane.beginAnew(0n, 20n)
      const records = Array.from({ length: 20 }, (_, i) => recordAt(i))
      await lanes.push(batchOf(records.slice(0, 8), 8, 20))
      await lanes.push(batchOf(records.slice(8), 20))
      await until(() => lanes.lag === 0n && lane.empty)
      const all = [...intake.taken, ...intake.refused].toSorted((a, b) => Number(a - b))
      expect(all).toEqual(records.map(({ offset }) => offset))
      expect(intake.taken).toEqual(intake.taken.toSorted((a, b) => Number(a - b)))
      expect(intake.next).toBe(20n)
    }),
    { numRuns: 300 },
  )
})

test('what was deleted before it was read is told from gaps that are no records', async () => {
  const lanes = new Lanes({ held: 1000, work: new Intake().work })
  lanes.assign([AT])
  const lane = lanes.of(AT)
  lane.next = 10n
  await lanes.push(batchOf([recordAt(10), recordAt(12)], 14))
  expect(lane.missed(0n)).toBe(0)
  // Held up here; then the broker begins at 20, and 21 and 22 were compacted away.
  await lanes.push(batchOf([recordAt(23)], 24))
  expect([lane.missed(20n), lane.missed(30n)]).toEqual([6, 0])
  await until(() => lane.empty)
  // Fetched again after a change in the group.
  lanes.assign([AT])
  await lanes.push(batchOf([recordAt(23), recordAt(24)], 25))
  lane.passTo(40n)
  expect(lane.missed(40n)).toBe(15)
})

test('several records are on their way at once, as many as the window has room for', async () => {
  let most = 0
  let now = 0
  const wake: (() => void)[] = []
  const submit = async (): Promise<void> => {
    most = Math.max(most, ++now)
    await new Promise<void>((resolve) => wake.push(resolve))
    now--
  }
  const lanes = new Lanes({ held: 1e9, work: { submit, refused: () => undefined, pause: turn } })
  lanes.assign([AT])
  const large = Array.from({ length: 10 }, (_, i) => recordAt(i, 'x'.repeat(500_000)))
  await lanes.push(batchOf(large, 10))
  expect(now).toBe(4)
  while (lanes.lag > 0n) {
    wake.shift()?.()
    await turn()
  }
  expect(most).toBe(4)
})

test('a batch is not followed by the next one while more is held than may be', async () => {
  const gate: (() => void)[] = []
  const submit = (): Promise<void> => new Promise((resolve) => gate.push(resolve))
  const lanes = new Lanes({ held: 1000, work: { submit, refused: () => undefined, pause: turn } })
  lanes.assign([AT])
  await lanes.push(batchOf([recordAt(0, 'x'.repeat(100))], 1))
  let room = false
  const pushing = lanes.push(batchOf([recordAt(1, 'x'.repeat(2000))], 2)).then(() => (room = true))
  await turn()
  expect([room, lanes.held]).toEqual([false, 2228])
  for (const open of gate.splice(0)) open()
  await pushing
  expect(lanes.held).toBeLessThan(1000)
})

test('tombstones and the ends of transactions are done without being offered', async () => {
  const intake = new Intake()
  const lanes = new Lanes({ held: 1000, work: intake.work })
  lanes.assign([AT])
  await lanes.push(batchOf([recordAt(3, null), recordAt(5, 'a'), recordAt(6, null)], 9))
  await lanes.push(batchOf([], 12, 12, 9n))
  await until(() => lanes.lag === 0n)
  expect(intake.taken).toEqual([5n])
  expect(lanes.of(AT).next).toBe(12n)
})

test('a lane that is closed offers nothing more, and waits for what it has offered', async () => {
  const intake = new Intake()
  const lanes = new Lanes({ held: 1000, work: intake.work })
  lanes.assign([AT])
  await lanes.push(batchOf([recordAt(0), recordAt(1)], 2))
  await lanes.close()
  expect(intake.taken).toEqual([0n, 1n])
  await lanes.push(batchOf([recordAt(2)], 3))
  await turn()
  expect(intake.taken).toHaveLength(2)
})

test('an end of a transaction that was fetched before the group changed takes nothing with it', async () => {
  const intake = new Intake()
  const lanes = new Lanes({ held: 100_000, work: intake.work })
  lanes.assign([AT])
  await lanes.push(batchOf([recordAt(0)], 1))
  await until(() => lanes.of(AT).next === 1n)
  // Records 1 to 4 were on their way when the group changed; the end behind them comes late.
  lanes.assign([AT])
  await lanes.push(batchOf([], 6))
  await lanes.push(
    batchOf(
      [1, 2, 3, 4].map((n) => recordAt(n)),
      5,
    ),
  )
  await lanes.push(batchOf([], 6))
  await until(() => lanes.of(AT).next === 6n)
  expect(intake.taken).toEqual([0n, 1n, 2n, 3n, 4n])
})

test('lag is told for each partition, and for very many of them together', () => {
  const lanes = new Lanes({ held: 1000, work: new Intake().work })
  const all = Array.from({ length: 1002 }, (_, partition) => ({ topic: 'otlp', partition }))
  lanes.assign(all)
  for (const lane of lanes.mine) Object.assign(lane, { next: 7n, end: 10n })
  const readings = lanes.readings()
  expect(readings).toHaveLength(1001)
  expect(readings[0]).toEqual({ value: 3, attributes: { topic: 'otlp', partition: '0' } })
  expect(readings.at(-1)).toEqual({ value: 6, attributes: { topic: 'other', partition: 'other' } })
  expect(lanes.lag).toBe(3006n)
})

test('the window gives everyone his turn', async () => {
  const window = new Window(100)
  expect([window.take(200), window.take(1)]).toEqual([true, false])
  const order: string[] = []
  const waiting = window.room().then(() => order.push('woken'))
  window.give(200)
  await waiting
  expect(window.take(60) && window.take(40)).toBe(true)
  void window.room().then(() => order.push('first'))
  window.give(40)
  expect(window.take(41)).toBe(false)
  await turn()
  expect(order).toEqual(['woken', 'first'])
})

test('first in, first out, and what is put back comes first', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.constant('shift' as const), fc.constant('back' as const))), (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      for (const step of steps) {
        if (step === 'shift') expect(fifo.shift()).toBe(model.shift())
        else if (step === 'back') {
          fifo.putBack([1, 2])
          model.unshift(1, 2)
        } else {
          fifo.push(step)
          model.push(step)
        }
        expect([fifo.length, fifo.first()]).toEqual([model.length, model[0]])
      }
      expect(fifo.clear()).toEqual(model)
      expect(fifo.length).toBe(0)
    }),
  )
})
