import { assert } from '#core/assert.ts'
import { METRIC_NAME, type SeriesDefinition, type SeriesId, serviceOf } from '#core/series.ts'

import { PAUSE_MS } from './flapping.ts'
import { unitOf } from './judged.ts'
import type { RowAbout, RowTable } from './row-table.ts'
import type { ScoringRule } from './scoring-rule.ts'
import type { AnomalySpec } from './spec.ts'

/** Normal for so long ends a run of anomalies, and of a series whose samples come seldom for half as long again as lies between two of them. */
const CADENCES = 1.5

/** The rule and series of a row. */
export interface RowFacts {
  readonly about: RowAbout
  readonly spec: AnomalySpec
  /** Pauses shorter than this belong to a run. */
  readonly pause_ms: number
  /** Of the rule. */
  readonly series: number
}

/** What rows follow. Of a lean rule it is worked out from the series, which is there while it feeds the row. */
export class FactsReader {
  readonly #table: RowTable
  readonly #definition: (id: SeriesId) => SeriesDefinition

  constructor(table: RowTable, definition: (id: SeriesId) => SeriesDefinition) {
    this.#table = table
    this.#definition = definition
  }

  /** Kept while somebody will ask again. */
  about(row: number, rule: ScoringRule): RowAbout {
    const known = this.#table.about(row)
    if (known !== undefined) return known
    const about = this.#worked(row, rule)
    this.#table.describe(row, about)
    return about
  }

  facts(row: number, rule: ScoringRule): RowFacts {
    return {
      about: this.about(row, rule),
      spec: rule.spec,
      pause_ms: this.#pause_ms(row, rule),
      series: rule.detector.live,
    }
  }

  service(row: number, rule: ScoringRule): string {
    return serviceOf((this.#table.about(row) ?? this.#worked(row, rule)).labels)
  }

  #pause_ms(row: number, { spec, detector }: ScoringRule): number {
    const step_ms = spec.plain === null ? spec.interval_ms : 0
    const cadence_ms = detector.cadence_ms?.(this.#table.local.data[row]!) ?? 0
    return Math.max(PAUSE_MS, CADENCES * step_ms, CADENCES * cadence_ms)
  }

  #worked(row: number, rule: ScoringRule): RowAbout {
    const id = this.#table.series(row)
    assert(id !== undefined, `row ${row} of scoring follows nothing`)
    const definition = this.#definition(id)
    const { key, name } = rule.spec
    const labels = definition.labels.drop(METRIC_NAME)
    return { key, rule: name, labels, metric: definition.labels.name, unit: unitOf(definition) }
  }
}
