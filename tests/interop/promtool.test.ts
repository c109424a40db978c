// Debian's promtool as a client of our Prometheus API. Set BAROGRAPH_TEST_PROMTOOL to its path.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { systemClock } from '#core/clock.ts'

import { fixture, House } from '../../api/testing/api.fixture.ts'
import { reader } from '../../api/testing/series.fixture.ts'
import { createQueryEngine } from '../../query/index.ts'

const promtool = process.env['BAROGRAPH_TEST_PROMTOOL'] ?? ''
const run = promisify(execFile)
const query = createQueryEngine({ readers: [reader] })
const house = new House()
const api = fixture({ clock: systemClock, ports: { ...house.ports, query } })

async function asked(what: string, ...rest: readonly string[]): Promise<string> {
  const address = `http://127.0.0.1:${api.component.addresses[0]?.port}`
  const flags = rest.filter((word) => word.startsWith('--'))
  const words = rest.filter((word) => !word.startsWith('--'))
  const { stdout } = await run(promtool, ['query', what, ...flags, address, ...words])
  return stdout
}

describe.skipIf(promtool === '')(
  'promtool (skipped unless BAROGRAPH_TEST_PROMTOOL names it) gets right answers',
  () => {
    beforeAll(() => api.component.start())
    afterAll(() => api.component.stop())

    test('to an instant query', async () => {
      const answer = await asked('instant', '--time=1795168800', 'sum by (job) (up)')
      expect(answer).toBe('{job="checkout"} => 1 @[1795168800]\n{job="payments"} => 0 @[1795168800]\n')
    })

    test('to a scalar', async () => {
      expect(await asked('instant', '--time=4', '1+1')).toBe('scalar: 2 @[4]\n')
    })

    test('to a range query', async () => {
      const range = ['--start=1795168740', '--end=1795168800', '--step=30s']
      const answer = await asked('range', ...range, 'up{job="payments"}')
      expect(answer).toBe('up{instance="b:1", job="payments"} =>\n1 @[1795168770]\n0 @[1795168800]\n')
    })

    test('to series and label values', async () => {
      const range = ['--start=1795168000', '--end=1795169000']
      const series = await asked('series', ...range, '--match=up{job="checkout"}')
      expect(series).toBe('{__name__="up", instance="a:1", job="checkout"}\n')
      expect(await asked('labels', ...range, 'job')).toBe('checkout\npayments\n')
    })

    test('and says what is wrong with a query as Prometheus says it', async () => {
      await expect(asked('instant', 'up{')).rejects.toThrow(/bad_data: invalid parameter "query": 1:4: parse error/)
    })
  },
)
