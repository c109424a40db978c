// The same data in Prometheus 3 and here: every query has the same answer, to the word where it is an error.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { endAll, Server } from './process/barograph.ts'
import { PROMETHEUS_3, startPrometheus } from './process/prometheus.ts'
import { ask, difference } from './promql/answers.ts'
import { STEP_MS, STEPS } from './promql/demo.ts'
import { aggregations, subqueries } from './promql/queries/aggregations.ts'
import { errors } from './promql/queries/errors.ts'
import { functions } from './promql/queries/functions.ts'
import { classic, native } from './promql/queries/histograms.ts'
import { operators } from './promql/queries/operators.ts'
import { selectors } from './promql/queries/selectors.ts'
import { bodiesFrom, write } from './promql/remote-write.ts'

const MINUTE_S = 60

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

/** Two servers with the demo data, which begins at `begin_s`. */
class Pair {
  theirs = ''
  ours = ''
  begin_s = 0

  async start(): Promise<void> {
    // Ten minutes are over when it begins to be asked for, so that nothing is newer than it; whole minutes, for subqueries.
    const length_s = (STEPS * STEP_MS) / 1000
    this.begin_s = Math.floor(Date.now() / 1000 / MINUTE_S) * MINUTE_S - length_s - 10 * MINUTE_S
    const server = await Server.start({ rules: 'groups: []' })
    this.ours = server.apiUrl
    this.theirs = await startPrometheus(PROMETHEUS_3, ['promql-delayed-name-removal'])
    for (const body of bodiesFrom(this.begin_s * 1000)) {
      await Promise.all([write(this.theirs, body), write(this.ours, body)])
    }
  }

  async differenceOf(path: string, parameters: Readonly<Record<string, string>>, sorts: boolean): Promise<string> {
    const [theirs, ours] = await Promise.all([ask(this.theirs, path, parameters), ask(this.ours, path, parameters)])
    return difference(theirs, ours, sorts) ?? ''
  }
}

const pair = new Pair()

describe.skipIf(PROMETHEUS_3 === '')('as Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)', () => {
  beforeAll(() => pair.start(), 60_000)
  afterAll(endAll)

  for (const [family, queries] of FAMILIES) {
    describe(family, () => {
      test.each([...new Set(queries)])('%s', async (query) => {
        const sorts = /^sort/.test(query)
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
  }
})
