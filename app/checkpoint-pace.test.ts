import { describe, expect, test } from 'vitest'

import { ManualClock } from '#core/clock.ts'

import { CheckpointPace, type OnDisk } from './checkpoint-pace.ts'

const MB = 2 ** 20
/** What applying a MiB of journal takes. */
const WORK_MS_OF_MB = 50

/** A process that applies inputs one after the other, and writes checkpoints of a given size and cost when they are due. */
function stand({
  checkpoint = 150 * MB,
  capture_ms = 75,
  capture_cpu_ms = 60,
  replay_ms = 500,
  journal_bytes = 64 * MB,
} = {}) {
  const clock = new ManualClock()
  let cpu_ms = 0
  const options = { journal_bytes, replay_ms, clock, fine_ms: () => clock.now_ms(), cpu_ms: () => cpu_ms }
  const pace = new CheckpointPace(options)
  const disk: { -readonly [K in keyof OnDisk]: OnDisk[K] } = { journal: 0, checkpoint: 0 }
  const lengths_ms: number[] = []
  let work_ms = 0
  /** `idle`: how long it waits for the next input, in times of what this one takes. */
  const live = (until_ms: number, idle = 0): number[] => {
    lengths_ms.length = 0
    for (const end_ms = clock.now_ms() + until_ms; clock.now_ms() < end_ms;) {
      clock.advanceTo(clock.now_ms() + 1 + idle)
      disk.journal += MB / WORK_MS_OF_MB
      work_ms++
      pace.worked(1)
      if (!pace.due(disk)) continue
      lengths_ms.push(work_ms)
      pace.began()
      Object.assign(disk, { journal: 0, checkpoint })
      work_ms = 0
      clock.advanceTo(clock.now_ms() + capture_ms)
      cpu_ms += capture_cpu_ms
      pace.captured()
      pace.written()
    }
    return lengths_ms
  }
  return { live, pace, disk, clock }
}

describe('what a start may have to do again', () => {
  test('is what is wanted where inputs leave time', () => {
    expect(new Set(stand().live(600_000, 30))).toEqual(new Set([500]))
  })

  test('under full load is three times that, where capturing takes no more than a thirtieth of the time', () => {
    const lengths = stand().live(60_000).slice(1)
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1500)
    expect(Math.max(...lengths)).toBeLessThan(3500)
  })

  test('grows with what a checkpoint costs, which is never more than a thirtieth of the time', () => {
    const lengths = stand({ capture_ms: 600, capture_cpu_ms: 500 }).live(600_000).slice(1)
    expect(lengths.length).toBeGreaterThan(10)
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(30 * 500)
  })

  test('grows with how long inputs wait, which is never more than a twelfth of the time', () => {
    const lengths = stand({ capture_ms: 600 }).live(600_000).slice(1)
    expect(lengths.length).toBeGreaterThan(10)
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(12 * 600)
    expect(Math.max(...lengths)).toBeLessThan(13 * 600)
  })

  test('is bounded by the length of the journal whatever a checkpoint costs', () => {
    const slow = stand({ capture_ms: 60_000, capture_cpu_ms: 60_000, checkpoint: 10 * MB })
    const lengths = slow.live(3_600_000).slice(1)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(8 * 64 * WORK_MS_OF_MB + 1)
  })

  test('does not matter while the journal is much shorter than the checkpoint', () => {
    const lengths = stand({ checkpoint: 2000 * MB, capture_ms: 1, capture_cpu_ms: 1 })
      .live(60_000, 1)
      .slice(1)
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual((2000 / 32) * WORK_MS_OF_MB)
  })
})

test('one that failed is tried again a minute later', () => {
  const { live, pace, disk, clock } = stand()
  live(10_000)
  pace.began()
  pace.failed()
  expect(pace.failing).toBe(true)
  disk.journal = 4000 * MB
  clock.advanceTo(clock.now_ms() + 59_000)
  expect(pace.due(disk)).toBe(false)
  clock.advanceTo(clock.now_ms() + 1000)
  expect(pace.due(disk)).toBe(true)
  pace.written()
  expect(pace.failing).toBe(false)
})
