// A clock that was an hour ahead gave its time to every series, and was set right: what comes then is late for all of them.
import { describe, expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels } from '../series.ts'
import { LateSamples } from './late-samples.ts'
import { SampleBuffer } from './sample-buffer.ts'
import { Store } from './store.ts'

const BEGIN = 1_700_000_000_000
const STEP = 10_000
const HOUR = 3_600_000

class House {
  now_ms = BEGIN
  furthest_ms = BEGIN
  readonly store = new Store({
    analysis_ms: () => this.now_ms,
    aging: () => ({ earliest_ms: this.now_ms, latest_ms: this.now_ms, furthest_ms: this.furthest_ms }),
    meter: silentMeter,
  })
  readonly ids: number[]

  constructor(series: number) {
    const about = { type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array(0) } as const
    this.ids = Array.from({ length: series }, (_, i) => {
      return this.store.resolve({ labels: Labels.of({ __name__: 'level', i: String(i) }), ...about })
    })
  }

  /** Steps in each of which every series says `value`; how many samples were the newest up to now. */
  steps(count: number, value: number, each: () => void = () => {}): number {
    let fresh = 0
    for (let i = 0; i < count; i++, this.now_ms += STEP) {
      this.furthest_ms = Math.max(this.furthest_ms, this.now_ms)
      const builder = new SampleBuilder()
      for (const id of this.ids) builder.float(id, this.now_ms, value)
      for (const flag of this.store.append(builder.batch()).fresh) fresh += flag
      each()
    }
    return fresh
  }

  values(): number[] {
    const [slice] = this.store.select([{ name: 'i', op: '=', value: '0' }], { from_ms: BEGIN, to_ms: this.now_ms - 1 })
    return [...slice!.value]
  }
}

describe('a clock that is set right', () => {
  test('every sample from then on is judged and stored, until it has passed where it was', () => {
    const house = new House(1)
    house.steps(60, 1)
    house.now_ms += HOUR
    house.steps(30, 2)
    house.now_ms = BEGIN + 60 * STEP
    const before_end = HOUR / STEP + 29
    expect(house.steps(before_end, 3)).toBe(before_end)
    // At the very last time that was, time is no longer behind: as ever, the first sample stays.
    expect(house.steps(1, 3)).toBe(0)
    expect(house.steps(60, 3)).toBe(60)
    const after = [...Array<number>(before_end).fill(3), 2, ...Array<number>(60).fill(3)]
    expect(house.values()).toEqual([...Array<number>(60).fill(1), ...after])
  })

  test('what waits beside heads is little, however long it takes', () => {
    const house = new House(2000)
    house.steps(40, 1)
    house.now_ms += HOUR
    house.steps(40, 1)
    house.now_ms -= HOUR
    const before = house.store.memory.fixed
    let most = 0
    house.steps(240, 1, () => {
      most = Math.max(most, house.store.memory.fixed - before)
    })
    expect(most / 2000).toBeLessThan(3000)
  })
})

describe('late samples', () => {
  const sample = (time_ms: number) => ({ time_ms, values: Float64Array.of(time_ms), stale: 0 })

  test('all rows together have what memory is given for: beyond it each is full at once', () => {
    const late = new LateSamples(4096)
    let full = 0
    for (let row = 0; row < 1000; row++) {
      if (!late.add(row, sample(row), row)) continue
      full++
      late.drop(row)
    }
    expect(full).toBeGreaterThan(900)
    expect(late.bytes).toBeLessThanOrEqual(4096)
  })

  test('stay in order of time, and the last of one time counts', () => {
    const late = new LateSamples(2 ** 20)
    for (const time_ms of [5, 3, 9, 1, 7, 3]) late.add(0, sample(time_ms), time_ms)
    const buffer = new SampleBuffer()
    late.gather(0, buffer)
    expect([...buffer.time_ms.subarray(0, buffer.length)]).toEqual([1, 3, 5, 7, 9])
    expect(late.dropBefore(0, 6)).toBe(3)
    late.gather(0, buffer)
    expect([...buffer.columns[0]!.subarray(0, buffer.length)]).toEqual([7, 9])
    expect(late.dropBefore(0, 100)).toBe(2)
    expect(late.has(0)).toBe(false)
  })
})
