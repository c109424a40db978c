import { describe, expect, test } from 'vitest'

import type { QueryEngine } from '#core/ports/query-engine.ts'

import { fixture, House } from '../testing/api.fixture.ts'

const { ask, json } = fixture()
const form = (values: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(values) })

describe('an instant query', () => {
  test('asks at the time given, by GET or as a form', async () => {
    const expected = {
      status: 'success',
      data: {
        resultType: 'vector',
        result: [{ metric: { __name__: 'up', instance: 'a:1', job: 'checkout' }, value: [1_795_168_800.1, '1'] }],
      },
    }
    expect(await json('/api/v1/query?query=up{job="checkout"}&time=1795168800.1')).toEqual(expected)
    expect(await json('/api/v1/query', form({ query: 'up{job="checkout"}', time: '1795168800.1' }))).toEqual(expected)
  })

  test('is Grafana’s health check', async () => {
    const response = await ask('/api/v1/query', form({ query: '1+1', time: '4' }))
    expect(await response.text()).toBe('{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}')
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  test('without a time asks now', async () => {
    expect(await json('/api/v1/query?query=%22text%22')).toMatchObject({ data: { result: [1_795_168_800, 'text'] } })
  })

  test('may be given less time than there is, and no more', async () => {
    const { ports } = new House()
    const given: (number | undefined)[] = []
    const instant: QueryEngine['instant'] = async (expr, time_ms, options) => {
      given.push(options?.timeout_ms)
      return ports.query.instant(expr, time_ms)
    }
    const asked = fixture({
      ports: { ...ports, query: { ...ports.query, instant } },
      limits: { query_timeout_ms: 120_000 },
    })
    for (const wish of ['', '&timeout=5s', '&timeout=1h']) await asked.json(`/api/v1/query?query=1%2B1&time=4${wish}`)
    expect(given).toEqual([120_000, 5000, 120_000])
  })

  test('says what it took where that is asked for', async () => {
    const { ports } = new House()
    const instant: QueryEngine['instant'] = async (expr, time_ms, options) => {
      const parts = { preparing_ms: 1, evaluating_ms: 20, sorting_ms: 300 }
      options?.stats?.({ ...parts, samples: 7, peak_bytes: 100 })
      return ports.query.instant(expr, time_ms)
    }
    const asked = fixture({ ports: { ...ports, query: { ...ports.query, instant } } })
    expect(await asked.json('/api/v1/query?query=1%2B1&time=4&stats=all')).toEqual({
      status: 'success',
      data: {
        resultType: 'scalar',
        result: [4, '2'],
        stats: {
          timings: {
            evalTotalTime: 0.321,
            resultSortTime: 0.3,
            queryPreparationTime: 0.001,
            innerEvalTime: 0.02,
            execQueueTime: 0,
            execTotalTime: 0.321,
          },
          samples: { totalQueryableSamples: 7, peakSamples: 7 },
        },
      },
    })
    expect(await asked.json('/api/v1/query?query=1%2B1&time=4')).toMatchObject({ data: { result: [4, '2'] } })
  })

  test('is cut at the limit with a warning', async () => {
    expect(await json('/api/v1/query?query=up&limit=1')).toMatchObject({
      data: { result: [{}] },
      warnings: ['results truncated due to limit'],
    })
  })

  test('is open to pages of any origin, as that of Prometheus', async () => {
    const response = await ask('/api/v1/query?query=up', { headers: { origin: 'http://grafana.example' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect((await ask('/api/v1/query', { method: 'OPTIONS' })).status).toBe(204)
  })

  test.each([
    ['query={', 400, 'bad_data', 'invalid parameter "query": 1:4: parse error: unexpected end of input inside braces'],
    [
      'query=up&time=foo',
      400,
      'bad_data',
      'invalid parameter "time": invalid time value for \'time\': cannot parse "foo" to a valid timestamp',
    ],
    ['query=up&timeout=x', 400, 'bad_data', 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
    ['query=up&timeout=0', 400, 'bad_data', 'invalid parameter "timeout": "0" is not more than 0'],
    ['query=up&limit=-1', 400, 'bad_data', 'invalid parameter "limit": limit must be non-negative'],
    ['query=up&limit=x', 400, 'bad_data', 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
    ['query=too%20slow', 503, 'timeout', 'query timed out in expression evaluation'],
    ['query=many%20to%20many', 422, 'execution', 'found duplicate series for the match group'],
    ['query=a%20bug', 500, 'internal', 'internal error; the log says more'],
  ])('%s answers %i', async (parameters, status, errorType, error) => {
    const response = await ask(`/api/v1/query?${parameters}`)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ status: 'error', errorType, error })
  })

  test('whose result is larger than one answer is refused', async () => {
    const response = await fixture({ limits: { query_points: 1 } }).ask('/api/v1/query?query=up')
    expect(response.status).toBe(422)
  })
})

describe('a range query', () => {
  test('answers a matrix of the steps that have a value', async () => {
    const parameters = 'query=up{job="payments"}&start=1795168740&end=1795168800&step=30'
    expect(await json(`/api/v1/query_range?${parameters}`)).toEqual({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'up', instance: 'b:1', job: 'payments' },
            values: [
              [1_795_168_770, '1'],
              [1_795_168_800, '0'],
            ],
          },
        ],
      },
    })
  })

  test.each([
    ['start=10&end=5&step=1', 'invalid parameter "end": end timestamp must not be before start time'],
    ['end=5&step=1', 'invalid parameter "start": cannot parse "" to a valid timestamp'],
    ['start=0&end=5', 'invalid parameter "step": cannot parse "" to a valid duration'],
    [
      'start=0&end=5&step=-1',
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      'start=0&end=11001&step=1',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
  ])('with %s is refused in the words of Prometheus', async (parameters, error) => {
    const response = await ask(`/api/v1/query_range?query=up&${parameters}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ status: 'error', errorType: 'bad_data', error })
  })

  test('of exactly 11 000 steps passes', async () => {
    expect((await ask('/api/v1/query_range?query=up&start=0&end=11000&step=1')).status).toBe(200)
  })
})

describe('exemplars', () => {
  test('are those of the series that the selectors find, each once, in the form of Prometheus', async () => {
    const answer = await ask('/api/v1/query_exemplars?query=up')
    expect(await answer.text()).toBe(
      '{"status":"success","data":[{"seriesLabels":{"__name__":"up","instance":"a:1","job":"checkout"},' +
        '"exemplars":[{"labels":{"trace_id":"abc"},"value":"6","timestamp":1795168799.945}]}]}',
    )
  })

  test.each(['query=odd', 'query=up&end=1700000000', 'query=up{job="payments"}'])(
    'of %s there are none',
    async (query) => {
      expect(await json(`/api/v1/query_exemplars?${query}`)).toEqual({ status: 'success', data: [] })
    },
  )
})
