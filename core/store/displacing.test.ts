// Where as many series are kept as may be, those that fell silent give way: to nobody else, in order of their silence, and with all they have.
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import type { Meter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, METRIC_NAME, type SeriesDefinition } from '../series.ts'
import { IN_FLIGHT } from './ended-series.ts'
import { Store } from './store.ts'
import { Tables } from './tables.ts'

const MINUTE_MS = 60_000
const SILENT_MS = 5 * MINUTE_MS
const ALL = { from_ms: -Infinity, to_ms: Infinity }

function gauge(pod: number): SeriesDefinition {
  const labels = Labels.of({ [METRIC_NAME]: 'x', pod: String(pod) })
  return { labels, type: 'gauge', unit: '', help: '', kind: 'float', bounds: new Float64Array() }
}

class Stand {
  now_ms = 0
  readonly counts = new Map<string, number>()
  readonly told: string[] = []
  readonly #limits
  store: Store

  constructor(series: number, series_kept: number) {
    this.#limits = { series, series_kept, series_per_metric: 2 * series, retention_ms: 100 * 86_400_000 }
    this.store = this.#make()
  }

  /** Returns the pods that were refused. */
  write(pods: Iterable<number>): number[] {
    const builder = new SampleBuilder()
    const refused: number[] = []
    for (const pod of pods) {
      try {
        builder.float(this.store.resolve(gauge(pod)), this.now_ms, pod)
      } catch {
        refused.push(pod)
      }
    }
    this.store.append(builder.batch())
    return refused
  }

  restart(): void {
    const saved = this.store.save().slice()
    this.store = this.#make()
    this.store.load(saved)
  }

  /** Times of the samples of each pod that is found. */
  found(): Map<number, number[]> {
    const slices = this.store.select([{ name: METRIC_NAME, op: '=', value: 'x' }], ALL)
    return new Map(slices.map(({ labels, time_ms }) => [Number(labels.get('pod')), [...time_ms]]))
  }

  #make(): Store {
    const counter = (name: string) => ({
      add: (value: number, attributes = {}) => {
        const key = [name, ...Object.values(attributes)].join(' ')
        this.counts.set(key, (this.counts.get(key) ?? 0) + value)
      },
    })
    const meter: Meter = { counter, histogram: () => ({ record() {} }), gauge() {} }
    const warn = (message: string): void => void this.told.push(message)
    const log = { debug() {}, info() {}, warn, error: warn }
    return new Store({ limits: this.#limits, analysis_ms: () => this.now_ms, meter, log })
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('pods that are replaced for ever are never refused: those that are silent for longest lose their history', () => {
  const stand = new Stand(200, 640)
  const stays = 1_000_000
  let from = 0
  for (let minute = 0; minute < 500; minute++) {
    // Three of ninety are others each minute.
    expect(stand.write([stays, ...range(from, from + 90)])).toEqual([])
    from += 3
    stand.now_ms += MINUTE_MS
  }
  const found = stand.found()
  expect(found.size).toBe(620)
  expect([...found.keys()].toSorted((a, b) => a - b)).toEqual([...range(from + 87 - 619, from + 87), stays])
  expect(found.get(stays)).toHaveLength(500)
  const displaced = stand.counts.get('barograph.store.series.displaced')!
  expect(displaced).toBe(from + 87 - 619)
  expect(stand.counts.get('barograph.store.samples.dropped series')).toBeGreaterThan(displaced * 25)
  expect(stand.told.filter((message) => message.includes('lose their history'))).toHaveLength(1)
})

test('very many end in steps', () => {
  const stand = new Stand(100_000, 100_000)
  stand.write(range(0, 99_000))
  const end = vi.spyOn(Tables.prototype, 'end')
  let most = 0
  for (let minute = 0; minute < 8; minute++) {
    stand.now_ms += MINUTE_MS
    const builder = new SampleBuilder()
    builder.float(stand.store.resolve(gauge(0)), stand.now_ms, 0)
    const steps = stand.store.appending(builder.batch())
    for (let done: boolean | undefined = false; done !== true;) {
      end.mockClear()
      done = steps.next().done
      most = Math.max(most, end.mock.calls.length)
    }
  }
  vi.restoreAllMocks()
  expect(stand.counts.get('barograph.store.series.displaced')).toBeGreaterThan(2000)
  expect(most).toBeLessThanOrEqual(1024)
})

test('what has ended is gone from memory before more of it is made', () => {
  const stand = new Stand(1000, 3200)
  for (let wave = 0; wave < 16; wave++) {
    for (let minute = 0; minute < 8; minute++) {
      stand.write(range(wave * 900, wave * 900 + 900))
      stand.now_ms += MINUTE_MS
    }
    const [displaced, forgotten] = ['displaced', 'forgotten'].map(
      (what) => stand.counts.get(`barograph.store.series.${what}`) ?? 0,
    )
    const known = stand.store.labelSets([]).length + displaced! - forgotten!
    expect(known).toBeLessThanOrEqual(3200 + 4096)
  }
  // Once those are gone there is room again.
  for (let i = 0; i <= 3 * IN_FLIGHT; i++) stand.write([0])
  for (let minute = 0; minute < 8; minute++, stand.now_ms += MINUTE_MS) stand.write([0])
  expect(stand.write(range(100_000, 100_090))).toEqual([])
})

const anyStep = fc.record({
  minutes: fc.constantFrom(0, 0, 0.5, 1, 2, 2, 30),
  from: fc.nat(90),
  count: fc.integer({ min: 1, max: 40 }),
  restart: fc.constantFrom(false, false, false, false, true),
})

test('nobody loses a sample who is live, nobody is kept who is silent for longer than one that went', () => {
  const [kept, room] = [64, 2]
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), (steps) => {
      const stand = new Stand(kept, kept)
      stand.counts.clear()
      const model = new Map<number, number[]>()
      /** Since when data comes without a pause, and who was silent before. */
      let since_ms = 0
      const before = new Set<number>()
      const newest_ms = (pod: number): number => model.get(pod)!.at(-1)!
      const silence_ms = (pod: number): number => {
        return before.has(pod) ? Infinity : stand.now_ms - Math.max(since_ms, newest_ms(pod))
      }
      for (const { minutes, from, count, restart } of steps) {
        if (minutes > 2) {
          for (const pod of model.keys()) if (silence_ms(pod) >= SILENT_MS) before.add(pod)
          since_ms = stand.now_ms + minutes * MINUTE_MS
        }
        stand.now_ms += minutes * MINUTE_MS
        if (restart) stand.restart()
        const pods = range(from, from + count)
        const wanted = new Set([...model.keys(), ...pods]).size
        const refused = new Set(stand.write(pods))
        // One that comes back before it is forgotten is not asked for again.
        expect(refused.size).toBeLessThanOrEqual(Math.max(0, wanted - kept))
        for (const pod of pods) {
          if (refused.has(pod)) continue
          const times = model.get(pod) ?? []
          if (times.at(-1) !== stand.now_ms) times.push(stand.now_ms)
          model.set(pod, times)
          before.delete(pod)
        }
        const found = stand.found()
        const gone = [...model.keys()].filter((pod) => !found.has(pod))
        for (const pod of gone) expect(silence_ms(pod)).toBeGreaterThanOrEqual(SILENT_MS)
        const last_ms = Math.max(...gone.map(newest_ms))
        for (const pod of gone) model.delete(pod)
        for (const pod of gone) before.delete(pod)
        for (const pod of model.keys()) expect(newest_ms(pod)).toBeGreaterThanOrEqual(last_ms)
        expect(found).toEqual(model)
        // Where nobody was silent it is not looked again at once.
        const silent = [...model.keys()].filter((pod) => silence_ms(pod) >= SILENT_MS + MINUTE_MS)
        if (silent.length > 0) expect(model.size).toBeLessThanOrEqual(kept - room)
      }
    }),
    { numRuns: 100, interruptAfterTimeLimit: 20_000 },
  )
})
