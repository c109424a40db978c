// Queries at random beside Prometheus 3: the same answers, value by value. `BAROGRAPH_FUZZ_RUNS` asks more than usual, `BAROGRAPH_FUZZ_SEED` others.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { endAll } from './process/barograph.ts'
import { PROMETHEUS_3 } from './process/prometheus.ts'
import { ask, difference, inOutline } from './promql/answers.ts'
import { type Question, question } from './promql/expressions.ts'
import { Pair } from './promql/pair.ts'
import { WILD_MS, wildRequests } from './promql/wild.ts'

const RUNS = Number(process.env['BAROGRAPH_FUZZ_RUNS'] ?? 600)
const SEED = Number(process.env['BAROGRAPH_FUZZ_SEED'] ?? 20_261_128)
const FEATURES = ['promql-experimental-functions', 'promql-extended-range-selectors', 'promql-binop-fill-modifiers']

const pair = new Pair()

/** Seconds behind the begin of the data, as the API takes a time. */
function moment(behind_s: number): string {
  return String(Math.round((pair.begin_s + behind_s) * 1000) / 1000)
}

/** What differs between both answers, with the question; '' where nothing does. */
async function differenceOf({ query, path, from_s, to_s, step_s }: Question): Promise<string> {
  const times: Record<string, string> =
    path === 'query' ? { time: moment(from_s) } : { start: moment(from_s), end: moment(to_s), step: String(step_s) }
  const parameters = { query: query.replaceAll('@ T', `@ ${moment(WILD_MS / 2000)}`), ...times }
  const answers = await Promise.all([pair.theirs, pair.ours].map((url) => ask(url, path, parameters)))
  const [theirs, ours] = answers.map(inOutline)
  // A pair of a float and a histogram, where they do not fit, is none for Prometheus: others may take its place.
  if (theirs!.body.infos?.some((note) => note.includes('incompatible sample types'))) return ''
  const differs = difference(theirs!, ours!, false)
  return differs === undefined ? '' : `${path} ${JSON.stringify(parameters)}\n${differs}`
}

describe.skipIf(PROMETHEUS_3 === '')(
  'as Prometheus 3 (skipped unless BAROGRAPH_TEST_PROMETHEUS_3_BIN names it)',
  () => {
    beforeAll(async () => {
      await pair.startWith(wildRequests, { length_s: WILD_MS / 1000, ago_minutes: 10, features: FEATURES })
    })
    afterAll(endAll)

    test('any query', async () => {
      await fc.assert(
        fc.asyncProperty(question, async (one) => {
          expect(await differenceOf(one)).toBe('')
        }),
        { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 150_000 },
      )
    })
  },
)
