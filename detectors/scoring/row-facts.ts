import { assert } from '#core/assert.ts'
import { METRIC_NAME, type SeriesDefinition, type SeriesId, serviceOf } from '#core/series.ts'

import { unitOf } from './judged.ts'
import type { RowAbout, RowTable } from './row-table.ts'
import type { ScoringRule } from './scoring-rule.ts'
import type { AnomalySpec } from './spec.ts'

/** The rule and series of a row. */
export interface RowFacts {
  readonly about: RowAbout
  readonly spec: AnomalySpec
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
    return { about: this.about(row, rule), spec: rule.spec }
  }

  service(row: number, rule: ScoringRule): string {
    return serviceOf((this.#table.about(row) ?? this.#worked(row, rule)).labels)
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
