import { METRIC_NAME } from '../series.ts'
import { BoundsTable } from './bounds-table.ts'
import { partNames } from './histogram-row.ts'
import { NONE } from './label-names.ts'
import { LabelPairs } from './label-pairs.ts'
import { LabelSets } from './label-sets.ts'
import { MetricTable } from './metric-table.ts'
import { Postings } from './postings.ts'
import { FLOAT, HISTOGRAM, SeriesRows } from './series-rows.ts'
import { WordBlocks } from './word-blocks.ts'

/** What a series table is made of. */
export interface SeriesParts {
  readonly blocks: WordBlocks
  readonly pairs: LabelPairs
  readonly postings: Postings
  readonly sets: LabelSets
  readonly rows: SeriesRows
  readonly bounds: BoundsTable
  readonly metrics: MetricTable
}

export function emptyParts(): SeriesParts {
  const blocks = new WordBlocks()
  return {
    blocks,
    pairs: new LabelPairs(blocks),
    postings: new Postings(blocks),
    sets: new LabelSets(blocks),
    rows: new SeriesRows(),
    bounds: new BoundsTable(),
    metrics: new MetricTable(),
  }
}

/** The pair in a label set that holds the metric name; `NONE` where there is none. */
export function metricPairIn({ pairs }: SeriesParts, set: Uint32Array, size: number): number {
  const name = pairs.names.find(METRIC_NAME)
  for (let i = 0; i < size; i++) if (pairs.nameOf(set[i]!) === name) return set[i]!
  return NONE
}

/**
 * Metric names under which a row is found beside its labels, as pairs: those of the expansion of a histogram, and of an
 * exponential one also its own. A float has its label. Made where they are missing.
 */
export function namePairs({ pairs }: SeriesParts, metricPair: number, kind: number): readonly number[] {
  if (kind === FLOAT) return []
  const own = metricPair === NONE ? '' : pairs.value(metricPair)
  const id = pairs.names.intern(METRIC_NAME)
  const parts = partNames(own).map((name) => pairs.intern(id, name))
  return kind === HISTOGRAM || metricPair === NONE ? parts : [metricPair, ...parts]
}
