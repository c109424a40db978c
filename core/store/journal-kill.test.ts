// The one promise of the journal, kept against SIGKILL: what was acknowledged is there, once, in order.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { expect, test } from 'vitest'

import { systemClock } from '../clock.ts'
import { silentLog } from '../ports/log.ts'
import { silentMeter } from '../ports/meter.ts'
import { JournalSeries } from './journal-series.ts'
import { Journal } from './journal.ts'
import { Store } from './store.ts'

const module = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href)

/** Appends batches of three samples for ever, saying after each how many there are. */
const WRITER = `
  const { Journal } = await import(${module('journal.ts')})
  const { JournalSeries } = await import(${module('journal-series.ts')})
  const { SampleBuilder } = await import(${module('../sample.ts')})
  const { Labels } = await import(${module('../series.ts')})
  const { systemClock } = await import(${module('../clock.ts')})
  const { silentLog } = await import(${module('../ports/log.ts')})
  const { silentMeter } = await import(${module('../ports/meter.ts')})
  const { segmentFile } = await import(${module('segment.ts')})
  const { copyFileSync, writeSync } = await import('node:fs')
  const [folder, first] = process.argv.slice(1)
  const definition = (id) => ({
    labels: Labels.of({ __name__: 'x', id: String(id) }), type: 'gauge', unit: '', help: '', kind: 'float',
    bounds: new Float64Array(0),
  })
  // A series a batch is new; ids are what a store gives: an earlier life is read first.
  const series = new JournalSeries({ definition, resolve: ({ labels }) => Number(labels.get('id')) })
  const journal = new Journal({ folder, series, clock: systemClock, log: silentLog, meter: silentMeter })
  for (const entry of journal.read(1)) if (entry.kind !== 'signals') throw new Error(entry.kind)
  for (let n = Number(first); ; n++) {
    const builder = new SampleBuilder()
    for (const id of [n % 7, 7 + (n % 11), 100 + n]) builder.float(id, n, n + id / 1000)
    journal.append({
      kind: 'signals', samples: builder.batch(), logs: [], spans: [],
      position: { topic: 't', partition: 0, offset: String(n) },
    })
    if (n % 1000 === 999) {
      // The next is written over what is full of records of the same lengths.
      copyFileSync(folder + '/' + segmentFile(journal.segments().at(-1)), folder + '/spare')
      journal.rotate()
    }
    writeSync(1, n + '\\n')
  }
`

/** The last number that the writer acknowledged before it was killed. */
async function killed(folder: string, first: number): Promise<number> {
  const args = ['--input-type=module', '--no-warnings', '-e', WRITER, folder, String(first)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
    if (said.length > 6000) child.kill('SIGKILL')
  })
  await once(child, 'close')
  // A number that was cut in the middle of its line was not acknowledged to the end.
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1))
}

test('after SIGKILL nothing acknowledged is lost, and nothing is there twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-kill-'))
  try {
    let next = 0
    for (let round = 0; round < 2; round++) {
      const acknowledged = await killed(folder, next)
      expect(acknowledged).toBeGreaterThan(next + 100)
      const options = { clock: systemClock, log: silentLog, meter: silentMeter, folder }
      const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
      const journal = new Journal({ ...options, series: new JournalSeries(store) })
      const last = journal.segments().at(-1)!
      // A kill leaves whole records or none; loss of power may leave half of one.
      const path = join(folder, `${String(last).padStart(8, '0')}.log`)
      appendFileSync(path, readFileSync(path).subarray(16, 44))
      const offsets: number[] = []
      for (const entry of journal.read(1)) {
        expect(entry.kind).toBe('signals')
        if (entry.kind !== 'signals') continue
        offsets.push(Number(entry.position?.offset))
        const { counts } = store.append(entry.samples)
        expect(counts.stored).toBe(3)
      }
      expect(offsets).toEqual(Array.from(offsets.keys()))
      expect(offsets.length).toBeGreaterThan(acknowledged)
      expect(store.labelSets([])).toHaveLength(18 + offsets.length)
      next = offsets.length
      journal.close()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
