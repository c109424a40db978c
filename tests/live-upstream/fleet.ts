// What is told: jobs of many instances, some of which are at fault for a while.
import { version1, snappy, type WrittenSeries } from '../../collector/testing/remote-write.fixture.ts'

export const MINUTE_MS = 60_000
export const STEP_MS = 15_000
/** Samples come so long before the steps that see them. */
const AHEAD_MS = 1000
const JOBS = 5

/** All values of a job are so many times as large. */
export interface Fault {
  readonly job: string
  readonly from_ms: number
  readonly to_ms: number
  readonly factor: number
}

/** When the server is killed, and for how long it is gone. */
export interface Away {
  readonly from_ms: number
  readonly to_ms: number
}

/** Faults that go through an outage, that lie within one, and behind both. */
export function faultsAround(kept: Away, lost: Away): Fault[] {
  const fault = (job: number, from_ms: number, to_ms: number, factor: number): Fault => ({
    job: `job-${job}`,
    from_ms,
    to_ms,
    factor,
  })
  return [
    fault(3, kept.from_ms - 1.5 * MINUTE_MS, kept.to_ms + 1.5 * MINUTE_MS, 12),
    fault(1, kept.from_ms + 1.5 * MINUTE_MS, kept.to_ms - 1.5 * MINUTE_MS, 10),
    fault(2, lost.from_ms - 1.5 * MINUTE_MS, lost.to_ms + 1.5 * MINUTE_MS, 12),
    fault(4, lost.from_ms + 1.5 * MINUTE_MS, lost.to_ms - 1.5 * MINUTE_MS, 10),
    fault(0, lost.to_ms + 1.5 * MINUTE_MS, lost.to_ms + 3 * MINUTE_MS, 12),
  ]
}

const noise = (series: number, step: number): number => {
  const wave = Math.sin(step * 12.9898 + series * 78.233) * 43_758.5453
  return wave - Math.floor(wave)
}

/** Half of the series are queues as gauges, half requests as counters. */
export class Fleet {
  readonly #labels: readonly (readonly (readonly [string, string])[])[]
  readonly #counters: Float64Array
  readonly #faults: readonly Fault[]

  constructor(series: number, faults: readonly Fault[]) {
    this.#labels = Array.from({ length: series }, (_, i) => [
      ['__name__', i % 2 === 0 ? 'fleet_queue_length' : 'fleet_requests_total'],
      ['instance', `instance-${i >> 1}`],
      ['job', `job-${(i >> 1) % JOBS}`],
    ])
    this.#counters = new Float64Array(series)
    this.#faults = faults
  }

  /** The samples of the steps from `from_ms` on, `to_ms` excluded, as a body of remote write. Steps must be asked in order, each once. */
  body(from_ms: number, to_ms = from_ms + STEP_MS): Uint8Array<ArrayBuffer> {
    const series: WrittenSeries[] = this.#labels.map((labels, i) => {
      const samples: { value: number; timestamp: number }[] = []
      for (let step_ms = from_ms; step_ms < to_ms; step_ms += STEP_MS)
        samples.push({ value: this.#value(labels[2]![1], i, step_ms), timestamp: step_ms - AHEAD_MS })
      return { labels, samples }
    })
    return snappy(version1(series))
  }

  #value(job: string, i: number, step_ms: number): number {
    const fault = this.#faults.find((one) => one.job === job && step_ms >= one.from_ms && step_ms < one.to_ms)
    const level = (50 + 10 * noise(i, step_ms / STEP_MS)) * (fault?.factor ?? 1)
    return i % 2 === 0 ? level : (this.#counters[i]! += Math.round(level))
  }
}

/** Waits for the time at which the samples of a step are sent. */
export function sendTime_ms(step_ms: number): number {
  return step_ms - AHEAD_MS
}
