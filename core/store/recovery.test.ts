// Whatever happens to the files of a journal, a start goes on: nothing is invented, and lost is only what the damage covers.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ManualClock } from '../clock.ts'
import { silentLog } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { SampleBuilder } from '../sample.ts'
import { Labels, type SeriesDefinition } from '../series.ts'
import { JournalSeries } from './journal-series.ts'
import { Journal } from './journal.ts'
import { segmentFile } from './segment.ts'
import { Store } from './store.ts'

const definitionOf = (name: number): SeriesDefinition => ({
  labels: Labels.of({ __name__: 'x', name: String(name) }),
  type: 'gauge',
  unit: '',
  help: '',
  kind: 'float',
  bounds: new Float64Array(0),
})

/** Series by name, in one request; or a new segment; or a new process. */
type Step = readonly number[] | 'rotate' | 'restart'

/** What one record holds, and where. */
interface Written {
  readonly segment: number
  readonly from: number
  readonly to: number
  readonly time_ms: number
  readonly names: readonly number[]
  readonly epoch: number
  /** Series that only this record of the epoch defines. */
  readonly defines: readonly number[]
}

interface Process {
  readonly store: Store
  readonly series: JournalSeries
  readonly journal: Journal
}

/** A process that has read what is there; samples as `name@time`. */
function begun(folder: string, seen: string[] = []): Process {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  const series = new JournalSeries(store)
  const options = { clock: new ManualClock(), log: silentLog, meter: silentMeter }
  const journal = new Journal({ ...options, folder, series, numbers: 6 })
  for (const entry of journal.read(1)) {
    if (entry.kind !== 'signals') throw new Error(`a ${entry.kind} was never written`)
    const { series: ids, time_ms, value } = entry.samples.floats
    for (const [i, id] of ids.entries()) {
      const name = store.definition(id).labels.get('name')
      seen.push(value[i] === time_ms[i]! + Number(name) ? `${name}@${time_ms[i]}` : `invented: ${value[i]}`)
    }
  }
  return { store, series, journal }
}

/** Runs the steps, and says where each record lies. */
function written(folder: string, steps: readonly Step[]): Written[] {
  const records: Written[] = []
  const defined = new Set<number>()
  let { store, series, journal } = begun(folder)
  let epoch = 0
  let [time_ms, base] = [0, 0]
  for (const step of steps) {
    if (step === 'rotate') {
      journal.rotate()
      base = 0
    } else if (step === 'restart') {
      journal.close()
      ;({ store, series, journal } = begun(folder))
      base = journal.bytes
    } else {
      const builder = new SampleBuilder()
      time_ms++
      if (series.epoch !== epoch) defined.clear()
      epoch = series.epoch
      for (const name of step) builder.float(store.resolve(definitionOf(name)), time_ms, time_ms + name)
      const from = journal.bytes - base + 16
      journal.append({ kind: 'signals', samples: builder.batch(), logs: [], spans: [] })
      const defines = step.filter((name) => !defined.has(name))
      for (const name of defines) defined.add(name)
      const segment = journal.segments().at(-1)!
      records.push({ segment, from, to: journal.bytes - base + 16, time_ms, names: step, epoch, defines })
    }
  }
  journal.close()
  return records
}

/** A bit of one byte of a segment, or all of it from there on. Places are given as shares. */
interface Blow {
  readonly kind: 'flip' | 'cut' | 'gone'
  readonly segment: number
  readonly at: number
  readonly bit: number
}

/** Strikes, and returns the range of bytes that is not what it was. */
function struck(folder: string, segments: readonly number[], { kind, segment, at, bit }: Blow) {
  const hit = segments[Math.floor(segment * segments.length)]!
  const path = join(folder, segmentFile(hit))
  const bytes = readFileSync(path)
  const from = Math.floor(at * bytes.length)
  if (kind === 'gone') {
    rmSync(path)
    return { segment: hit, from: 0, to: bytes.length }
  }
  if (kind === 'cut') {
    truncateSync(path, from)
    return { segment: hit, from, to: bytes.length }
  }
  bytes[from]! ^= 1 << bit
  writeFileSync(path, bytes)
  return { segment: hit, from, to: from + 1 }
}

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.uniqueArray(fc.nat(8), { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom<Step>('rotate', 'restart') },
  ),
  { minLength: 1, maxLength: 20 },
)
const blow = fc.record<Blow>({
  kind: fc.constantFrom('flip', 'flip', 'cut', 'gone'),
  segment: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bit: fc.nat(7),
})

test('a journal that was damaged anywhere gives back all that the damage does not cover, and nothing else', () => {
  expect.hasAssertions()
  fc.assert(
    fc.property(steps, blow, (made, hit) => {
      const folder = mkdtempSync(join(tmpdir(), 'barograph-recovery-'))
      try {
        const records = written(folder, made)
        const segments = [...new Set(records.map(({ segment }) => segment))]
        if (segments.length === 0) return
        const range = struck(folder, segments, hit)
        const covers = ({ segment, from, to }: Written): boolean =>
          segment === range.segment && from < range.to && range.from < to
        const undefinedNow = new Set(
          records.filter(covers).flatMap(({ epoch, defines }) => defines.map((name) => `${name} of ${epoch}`)),
        )
        const whole = records
          .filter((record) => !covers(record))
          .flatMap(({ epoch, names, time_ms }) => {
            return names.filter((name) => !undefinedNow.has(`${name} of ${epoch}`)).map((name) => `${name}@${time_ms}`)
          })

        const seen: string[] = []
        const { store, journal } = begun(folder, seen)
        expect(seen).toEqual(whole)
        // It goes on from there, and another start finds that, too.
        const builder = new SampleBuilder()
        for (let name = 0; name <= 9; name++) builder.float(store.resolve(definitionOf(name)), 1e6, 1e6 + name)
        journal.append({ kind: 'signals', samples: builder.batch(), logs: [], spans: [] })
        journal.close()
        const again: string[] = []
        begun(folder, again).journal.close()
        expect(again).toEqual([...whole, ...Array.from({ length: 10 }, (_, name) => `${name}@1000000`)])
      } finally {
        rmSync(folder, { recursive: true })
      }
    }),
    { numRuns: 150, interruptAfterTimeLimit: 20_000 },
  )
})
