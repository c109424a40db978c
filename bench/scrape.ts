// Pages of a target to samples of known series, beside the least that a parser of lines can do: `npm run bench -- scrape`.
import { parseArgs } from 'node:util'

import { silentMeter } from '#core/ports/meter.ts'
import { atOnce } from '#core/steps.ts'
import { Store } from '#core/store/store.ts'

import { decoderWith } from '../collector/scrape/testing/decoding.fixture.ts'
import { median, report } from './measure.ts'

const PAGES = 16
const FAMILIES = 200
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const COUNTERS = 20
const GAUGES = 10
const SAMPLES = FAMILIES * (COUNTERS + GAUGES + BOUNDS.length + 3)

type Format = 'text' | 'openmetrics'

/** A page of counters, gauges with two decimals, and histograms, all of which move from page to page. */
function pageOf(number: number, format: Format): Buffer {
  const total = format === 'text' ? '_total' : ''
  const lines: string[] = []
  for (let family = 0; family < FAMILIES; family++) {
    lines.push(`# HELP app_requests_${family}${total} Requests that were served by handler and code.`)
    lines.push(`# TYPE app_requests_${family}${total} counter`)
    for (let i = 0; i < COUNTERS; i++) {
      const labels = `code="200",handler="/api/v1/thing/${i}",method="GET"`
      lines.push(`app_requests_${family}_total{${labels}} ${number * 7 + i * 13}`)
    }
    lines.push(`# HELP app_temperature_${family} A gauge.`, `# TYPE app_temperature_${family} gauge`)
    for (let i = 0; i < GAUGES; i++) {
      const value = (Math.sin(number + i) * 1000 + 2000).toFixed(2)
      lines.push(`app_temperature_${family}{device="/dev/sda${i}",mountpoint="/var/lib/data"} ${value}`)
    }
    const name = `app_latency_${family}_seconds`
    lines.push(`# HELP ${name} Latency.`, `# TYPE ${name} histogram`)
    let count = 0
    for (const le of [...BOUNDS, '+Inf']) lines.push(`${name}_bucket{handler="/api",le="${le}"} ${(count += number)}`)
    lines.push(`${name}_sum{handler="/api"} ${number * 0.12345 + 17.3}`, `${name}_count{handler="/api"} ${count}`)
  }
  if (format === 'openmetrics') lines.push('# EOF')
  return Buffer.from(`${lines.join('\n')}\n`)
}

/** Gives a function that reads a page and returns how many samples it found. */
type Contender = () => (page: Buffer) => number

function ours(format: Format): () => (page: Buffer) => number {
  return () => {
    const store = new Store({ limits: {}, analysis_ms: () => undefined, meter: silentMeter })
    const decoder = decoderWith()
    let time_ms = 1e12
    return (body) => {
      const { samples } = atOnce(
        decoder.decode({ time_ms: (time_ms += 15_000), duration_s: 0, page: { body, format } }, store),
      )
      if (decoder.error !== '') throw new Error(decoder.error)
      return samples.floats.length + samples.histograms.length
    }
  }
}

/** Lines and numbers, no labels, nothing checked, nothing looked up. */
const least: Contender = () => (page) => {
  let found = 0
  for (const line of page.toString().split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (!Number.isNaN(Number(line.slice(line.lastIndexOf(' ') + 1)))) found++
  }
  return found
}

const CONTENDERS: readonly (readonly [string, Format, Contender])[] = [
  ['barograph', 'text', ours('text')],
  ['barograph', 'openmetrics', ours('openmetrics')],
  ['split and Number, no labels', 'text', least],
]

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '7' } } })
  const contenders = CONTENDERS.map(([name, format, make]) => {
    const pages = Array.from({ length: PAGES }, (_, number) => pageOf(number + 1, format))
    return { name, format, read: make(), pages, runs: [] as number[] }
  })
  for (let run = -1; run < Number(values.runs); run++) {
    for (const { read, pages, runs } of contenders) {
      const before = process.cpuUsage()
      let sink = 0
      for (let round = 0; round < 3; round++) for (const page of pages) sink += read(page)
      const { user, system } = process.cpuUsage(before)
      if (sink === 0) throw new Error('nothing was read')
      // The first run fills tables and warms up.
      if (run >= 0) runs.push(((user + system) * 1000) / (3 * PAGES * SAMPLES))
    }
  }
  for (const { name, format, pages, runs } of contenders) {
    const ns = median(runs)
    report({
      bench: 'scrape',
      reader: name,
      format,
      samples_of_page: SAMPLES,
      bytes_of_page: pages[0]!.length,
      cpu_ns_per_sample: Math.round(ns),
      mb_per_s: Math.round((pages[0]!.length / SAMPLES / ns) * 1000),
    })
  }
}
