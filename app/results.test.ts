import { expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'
import type { Hint } from '#core/hint.ts'
import { Labels } from '#core/series.ts'

import { resultsText } from './results.ts'

const hint = { value: 7, needed_now: 4, min: 2, max: 40 } as Hint

test('scores, bands and wanted replicas are there for a scrape; what is unknown is left out', async () => {
  const text = await resultsText({
    limit: 10,
    scores: {
      newest: () => [
        {
          rule: 'R',
          metric: 'm',
          unit: '',
          labels: Labels.of({ service_name: 'a' }),
          time_ms: 0,
          value: 1,
          verdict: { score: 0.5, expected: 2, lower: Number.NaN, upper: 3 },
        },
        {
          rule: 'S',
          metric: '',
          unit: '',
          labels: Labels.of({ 'odd.name': 'x', b: 'y' }),
          time_ms: 0,
          value: 1,
          verdict: { score: 2, expected: Number.NaN, lower: Number.NaN, upper: Number.NaN },
        },
        {
          rule: 'S',
          metric: '',
          unit: '',
          labels: Labels.of({ 'odd.name': 'z', odd_name: 'w', '1温': 'v', b: 'y' }),
          time_ms: 0,
          value: 1,
          verdict: { score: 3, expected: Number.NaN, lower: Number.NaN, upper: Number.NaN },
        },
      ],
    },
    hints: {
      policies: () => ['checkout', 'stale'],
      hint(policy) {
        if (policy === 'stale') throw new ServiceError('unavailable', 'stale')
        return hint
      },
      history: () => [],
    },
  })
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(lines).toEqual([
    'barograph_score{service_name="a",rule="R",metric="m"} 0.5',
    'barograph_score{b="y",odd_name="x",rule="S"} 2',
    'barograph_score{_1_="v",b="y",odd_name="z;w",rule="S"} 3',
    'barograph_expected{service_name="a",rule="R",metric="m"} 2',
    'barograph_upper{service_name="a",rule="R",metric="m"} 3',
    'barograph_replicas{policy="checkout",kind="wanted"} 7',
    'barograph_replicas{policy="checkout",kind="needed_now"} 4',
    'barograph_replicas{policy="checkout",kind="min"} 2',
    'barograph_replicas{policy="checkout",kind="max"} 40',
  ])
})
