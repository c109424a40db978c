// What Prometheus has behind a flag and Barograph without: the same elements are chosen.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { endAll } from './process/barograph.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'
import { Pair } from './promql/pair.ts'

const MINUTE_S = 60
const OVER_MINUTES = 10

const pair = new Pair()

describe.skipIf(PROMETHEUS_3 === '')(
  'as Prometheus 3 with experimental functions (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    beforeAll(() => pair.start(OVER_MINUTES, false, ['promql-experimental-functions']))
    afterAll(endAll)

    test.each([
      ...[-0.9, -0.5, 0.1, 0.3, 0.5, 0.7, 0.95].map((ratio) => `limit_ratio(${ratio}, {job=~".+"})`),
      'limit_ratio(0.5, rate(demo_requests_total[5m]))',
      'limit_ratio(0.4, {"demo.utf8 метрика"})',
      'limit_ratio(2, demo_up)',
    ])('%s', async (query) => {
      const time = String(pair.begin_s + 61 * MINUTE_S)
      expect(await pair.differenceOf('query', { query, time }, false)).toBe('')
      const range = {
        start: String(pair.begin_s + 30 * MINUTE_S),
        end: String(pair.begin_s + 60 * MINUTE_S),
        step: '60',
      }
      expect(await pair.differenceOf('query_range', { query, ...range }, true)).toBe('')
    })
  },
)
