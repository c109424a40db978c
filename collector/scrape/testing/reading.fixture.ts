import { atOnce } from '#core/steps.ts'

import type { Line } from '../exposition/lines.ts'
import { malformed } from '../exposition/malformed.ts'
import { OpenMetricsReader } from '../exposition/openmetrics-reader.ts'
import type { PageExemplar, PageReader, SampleSink } from '../exposition/page-reader.ts'
import { OpenMetricsRules } from '../exposition/rules.ts'
import { TextReader } from '../exposition/text-reader.ts'

/** A sample as a test reads it. */
export interface Read {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** NaN where the page gives none. */
  readonly time_ms: number
  readonly type: string
  readonly help: string
  readonly unit: string
  readonly exemplar?: PageExemplar
}

/** Keeps what it is given. */
class Kept implements SampleSink<undefined> {
  readonly samples: Read[] = []

  sample({ head, family }: Line<undefined>, value: number, time_ms: number): void {
    const { type, help, unit } = family
    this.samples.push({ name: head.name, labels: Object.fromEntries(head.pairs), value, time_ms, type, help, unit })
  }

  exemplar(_: Line<undefined>, exemplar: PageExemplar): void {
    this.samples.push({ ...this.samples.pop()!, exemplar })
  }
}

export interface Reading {
  readonly reader: PageReader<undefined>
  /** Reads one page, and gives its samples. */
  readonly read: (page: string | Uint8Array) => Read[]
  /** Rules that were broken, in order. */
  readonly broken: string[]
}

/** A reader with its memory; `strict`: a broken rule of OpenMetrics refuses the page. */
export function reading(format: 'text' | 'openmetrics', strict = false): Reading {
  const kept = new Kept()
  const broken: string[] = []
  const rules = new OpenMetricsRules<undefined>((rule) => {
    if (strict) malformed(rule)
    broken.push(rule)
  })
  const reader = format === 'text' ? new TextReader(kept) : new OpenMetricsReader(kept, rules)
  return {
    reader,
    broken,
    read: (page) => {
      kept.samples.length = 0
      atOnce(reader.read(typeof page === 'string' ? Buffer.from(page) : page))
      return kept.samples.splice(0)
    },
  }
}
