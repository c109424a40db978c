import { listingOf } from '#core/label-listing.ts'
import type { SeriesReader } from '#core/ports/series-reader.ts'
import type { Steps } from '#core/steps.ts'
import { inTurns } from '#core/turns.ts'

import type { Api } from '../route.ts'

/** Names of which it is seen in one step which are the largest. */
const STEP = 2 ** 12

interface Row {
  readonly name: string
  readonly value: number
}

/** The largest first; of equal ones by name. */
function byValue(a: Row, b: Row): number {
  return b.value - a.value || (a.name < b.name ? -1 : 1)
}

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

  *top(limit: number): Steps<Row[]> {
    let top: Row[] = []
    let least = 0
    let seen = 0
    for (const [name, value] of this.#counts) {
      if (++seen % STEP === 0) yield
      if (value < least) continue
      top.push({ name, value })
      if (top.length < limit + STEP) continue
      top = top.toSorted(byValue).slice(0, limit)
      least = top.at(-1)!.value
    }
    return top.toSorted(byValue).slice(0, limit)
  }
}

/** Which names, labels and pairs have the most series: where cardinality comes from. One pass over all label sets; others have their turns meanwhile. */
export function tsdbStatus({ ports: { reader }, turns }: Api, limit: number): Promise<Record<string, unknown>> {
  return inTurns(turns, tallying(reader, limit))
}

function* tallying(reader: SeriesReader, limit: number): Steps<Record<string, unknown>> {
  const [metrics, pairs, values, bytes] = [new Tally(), new Tally(), new Tally(), new Tally()]
  let series = 0
  for (const batch of listingOf(reader, [])) {
    series += batch.length
    for (const labels of batch) {
      metrics.add(labels.name)
      for (const [name, value] of labels) pairs.add(`${name}=${value}`)
    }
    yield
  }
  let seen = 0
  for (const pair of pairs.keys()) {
    if (++seen % STEP === 0) yield
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
    seriesCountByMetricName: yield* metrics.top(limit),
    labelValueCountByLabelName: yield* values.top(limit),
    memoryInBytesByLabelName: yield* bytes.top(limit),
    seriesCountByLabelValuePair: yield* pairs.top(limit),
  }
}
