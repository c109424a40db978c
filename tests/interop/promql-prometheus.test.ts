// The same data in Prometheus 3 and here: every query has the same answer, to the word where it is an error.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { endAll } from './process/barograph.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'
import { Pair } from './promql/pair.ts'
import { aggregations, subqueries } from './promql/queries/aggregations.ts'
import { errors } from './promql/queries/errors.ts'
import { functions } from './promql/queries/functions.ts'
import { classic, native } from './promql/queries/histograms.ts'
import { operators } from './promql/queries/operators.ts'
import { selectors } from './promql/queries/selectors.ts'

const MINUTE_S = 60
/** The demo data are over when it begins to be asked for: nothing is newer than it. */
const OVER_MINUTES = 10

const FAMILIES = Object.entries({
  selectors,
  functions,
  operators,
  aggregations,
  subqueries,
  'classic histograms': classic,
  'native histograms': native,
  errors,
})

const pair = new Pair()

describe.skipIf(PROMETHEUS_3 === '')(
  'as Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    beforeAll(() => pair.start(OVER_MINUTES))
    afterAll(endAll)

    describe.each(FAMILIES)('%s', (_, queries) => {
      test.each([...new Set(queries)])('%s', async (query) => {
        const sorts = query.startsWith('sort')
        for (const minutes of [61, 92.1]) {
          const time = String(pair.begin_s + minutes * MINUTE_S)
          expect(await pair.differenceOf('query', { query, time }, sorts)).toBe('')
        }
        const range = { start: String(pair.begin_s + 30 * MINUTE_S), end: String(pair.begin_s + 100 * MINUTE_S) }
        for (const step of ['60', '137']) {
          expect(await pair.differenceOf('query_range', { query, ...range, step }, true)).toBe('')
        }
      })
    })
  },
)
