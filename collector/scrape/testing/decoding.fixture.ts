import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'
import type { Store } from '#core/store/store.ts'

import { linesOf, storeWith } from '../../testing/decoding.fixture.ts'
import type { Format } from '../target/content-type.ts'
import { PageCounters } from '../target/counters.ts'
import { ScrapeDecoder, type ScrapeDecoderOptions } from '../target/scrape-decoder.ts'

export const TARGET = Labels.of({ job: 'shop', instance: 'shop:80' })

export type Settings = Partial<Omit<ScrapeDecoderOptions, 'builder' | 'counters'>>

export function decoderWith(settings: Settings = {}, meter = silentMeter): ScrapeDecoder {
  return new ScrapeDecoder({
    labels: TARGET,
    honor_labels: false,
    honor_timestamps: true,
    track_timestamps_staleness: false,
    strict: false,
    metric_relabel_configs: [],
    sample_limit: 0,
    label_limit: 0,
    label_name_length_limit: 0,
    label_value_length_limit: 0,
    ...settings,
    builder: new SampleBuilder(),
    counters: new PageCounters(meter),
  })
}

const REPORT = /^(?:up|scrape_\w+)\{/
const ENDING = String(TARGET).slice(1, -1)

function withoutTarget(line: string): string {
  return line.replace(/(, )?instance="shop:80", job="shop"(, )?/, (_, before?: string, behind?: string) => {
    return before !== undefined && behind !== undefined ? ', ' : ''
  })
}

export interface ScrapedTarget {
  readonly decoder: ScrapeDecoder
  readonly store: Store
  /** Scrapes a page 15 s after the one before, stores it, and gives its samples as text, a line each. */
  readonly scrape: (page: string | undefined, format?: Format) => string[]
  /** The same, without storing it. */
  readonly lose: (page: string | undefined) => void
  /** The series that tell of the newest scrape: name, value. */
  readonly report: () => Record<string, number>
  readonly now_ms: () => number
}

/** A target with a store of its own; `undefined` for a page that did not come. Labels of the target are left out of lines. */
export function scrapedTarget(
  settings: Settings = {},
  { store = storeWith(), meter = silentMeter } = {},
): ScrapedTarget {
  const decoder = decoderWith(settings, meter)
  let now_ms = 1_000_000
  let lines: string[] = []
  const decode = (page: string | undefined, format: Format) => {
    now_ms += 15_000
    const fetched = page === undefined ? { error: 'refused' } : { body: Buffer.from(page), format }
    const { samples } = atOnce(decoder.decode({ time_ms: now_ms, duration_s: 0.25, page: fetched }, store))
    return samples
  }
  return {
    decoder,
    store,
    now_ms: () => now_ms,
    scrape: (page, format = 'text') => {
      const samples = decode(page, format)
      lines = linesOf(samples, store)
      store.append(samples)
      return lines.filter((line) => !REPORT.test(line)).map((line) => withoutTarget(line).replace(` ${now_ms} `, ' '))
    },
    lose: (page) => {
      decode(page, 'text')
      decoder.undo()
    },
    report: () => {
      const found = lines.filter((line) => REPORT.test(line) && line.includes(ENDING))
      return Object.fromEntries(found.map((line) => [line.slice(0, line.indexOf('{')), Number(line.split(' ').at(-1))]))
    },
  }
}
