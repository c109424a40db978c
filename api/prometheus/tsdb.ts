import { listingOf } from '#core/label-listing.ts'
import { inTurns } from '#core/turns.ts'

import type { Api } from '../route.ts'

class Tally {
  readonly #counts = new Map<string, number>()

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  get size(): number {
    return this.#counts.size
  }

  keys(): Iterable<string> {
    return this.#counts.keys()
  }

  /** The largest first; of equal ones by name. */
  top(limit: number): { name: string; value: number }[] {
    return [...this.#counts]
      .map(([name, value]) => ({ name, value }))
      .toSorted((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
      .slice(0, limit)
  }
}

/** Which names, labels and pairs have the most series: where cardinality comes from. One pass over all label sets; others have their turns meanwhile. */
export async function tsdbStatus({ ports: { reader }, turns }: Api, limit: number): Promise<Record<string, unknown>> {
  const [metrics, pairs, values, bytes] = [new Tally(), new Tally(), new Tally(), new Tally()]
  let series = 0
  await inTurns(turns, listingOf(reader, []), (batch) => {
    series += batch.length
    for (const labels of batch) {
      metrics.add(labels.name)
      for (const [name, value] of labels) pairs.add(`${name}=${value}`)
    }
    return true
  })
  for (const pair of pairs.keys()) {
    const name = pair.slice(0, pair.indexOf('='))
    values.add(name)
    bytes.add(name, pair.length - name.length - 1)
  }
  const extent = reader.extent([])
  return {
    headStats: {
      numSeries: series,
      numLabelPairs: pairs.size,
      chunkCount: 0,
      minTime: extent?.from_ms ?? 0,
      maxTime: extent?.to_ms ?? 0,
    },
    seriesCountByMetricName: metrics.top(limit),
    labelValueCountByLabelName: values.top(limit),
    memoryInBytesByLabelName: bytes.top(limit),
    seriesCountByLabelValuePair: pairs.top(limit),
  }
}
