// Prometheus' own corpus of PromQL tests, as far as it lies beside the repository. The numbers may only grow.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { runScript } from '../../query/test-script.ts'

const CORPUS = join(import.meta.dirname, '../../../shared/conformance/promql')

/** How many evals pass, of those that are not about native histograms. */
const PASSING: Readonly<Record<string, number>> = {
  'aggregators.test': 123,
  'functions.test': 251,
  'limit.test': 0,
  'literals.test': 25,
  'operators.test': 142,
  'range_queries.test': 14,
  'selectors.test': 31,
  'staleness.test': 17,
}

for (const [file, least] of Object.entries(PASSING)) {
  const path = join(CORPUS, file)
  test.skipIf(!existsSync(path))(
    `${file}: at least ${least} evals pass (skipped where the corpus is not there)`,
    async () => {
      const outcomes = await runScript(readFileSync(path, 'utf8'))
      const passed = outcomes.filter(({ status }) => status === 'passed')
      expect(passed.length).toBeGreaterThanOrEqual(least)
      // What fails names what is not built: nothing that is built fails.
      const failed = outcomes.filter(
        ({ status, reason }) => status === 'failed' && !reason.includes('not supported yet'),
      )
      expect(failed).toEqual([])
    },
  )
}
