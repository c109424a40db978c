import { expect, test } from 'vitest'

import { fixture } from '../testing/api.fixture.ts'

interface Answer {
  readonly data: {
    readonly activeTargets: Record<string, unknown>[]
    readonly droppedTargets: Record<string, unknown>[]
    readonly droppedTargetCounts: Record<string, number>
  }
}

const ask = async (query = ''): Promise<Answer['data']> => {
  const answer = (await fixture().json(`/api/v1/targets${query}`)) as Answer
  return answer.data
}

test('targets are answered as Prometheus answers them', async () => {
  const { activeTargets, droppedTargets, droppedTargetCounts } = await ask()
  expect(activeTargets[1]).toEqual({
    discoveredLabels: { __address__: 'checkout:9090', job: 'shop' },
    labels: { instance: 'checkout:9090', job: 'shop' },
    scrapePool: 'shop',
    scrapeUrl: 'http://checkout:9090/metrics',
    globalUrl: 'http://checkout:9090/metrics',
    lastError: 'no answer within 10 s',
    lastScrape: expect.stringMatching(/^20\d\d-.*Z$/),
    lastScrapeDuration: 10,
    health: 'down',
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  })
  expect(activeTargets[0]).toMatchObject({ health: 'unknown', lastScrape: '0001-01-01T00:00:00Z' })
  expect(droppedTargets).toEqual([
    { discoveredLabels: { __address__: 'canary:9090', job: 'shop' }, scrapePool: 'shop' },
  ])
  expect(droppedTargetCounts).toEqual({ hosts: 0, shop: 1 })
})

test('targets are asked for by state and by job', async () => {
  const lengths = async (query: string) => {
    const { activeTargets, droppedTargets, droppedTargetCounts } = await ask(query)
    return [activeTargets.length, droppedTargets.length, Object.keys(droppedTargetCounts).length]
  }
  expect(await lengths('?state=active')).toEqual([2, 0, 2])
  expect(await lengths('?state=dropped')).toEqual([0, 1, 2])
  expect(await lengths('?state=any&scrapePool=hosts')).toEqual([1, 0, 1])
})

test('the jobs are listed', async () => {
  expect(await fixture().json('/api/v1/scrape_pools')).toEqual({
    status: 'success',
    data: { scrapePools: ['hosts', 'shop'] },
  })
})
