import { describe, expect, test } from 'vitest'

import type { SeriesReader } from '#core/ports/series-reader.ts'

import { fixture } from '../testing/api.fixture.ts'
import { reader } from '../testing/series.fixture.ts'

const { ask, json, house } = fixture()
const UP_A = { __name__: 'up', instance: 'a:1', job: 'checkout' }
const UP_B = { __name__: 'up', instance: 'b:1', job: 'payments' }

describe('series', () => {
  test('are the union of the selectors, each once', async () => {
    const query = 'match[]=up{job="checkout"}&match[]=up'
    expect(await json(`/api/v1/series?${query}`)).toEqual({ status: 'success', data: [UP_A, UP_B] })
  })

  test('are cut at the limit with a warning', async () => {
    expect(await json('/api/v1/series?match[]={job!=""}&limit=1')).toEqual({
      status: 'success',
      data: [UP_A],
      warnings: ['results truncated due to limit'],
    })
  })

  test('need a sample in the range', async () => {
    expect(await json('/api/v1/series?match[]=up&end=1700000000')).toEqual({ status: 'success', data: [] })
  })

  test.each([
    ['', 'no match[] parameter provided'],
    ['match[]={', 'invalid parameter "match[]": 1:4: parse error: unexpected end of input inside braces'],
    ['match[]={a=""}', 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
    ['match[]={a=~".*"}', 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
    ['match[]=up&start=9&end=1', 'invalid parameter "end": end timestamp must not be before start time'],
  ])('with %j are refused', async (query, error) => {
    const response = await ask(`/api/v1/series?${query}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ status: 'error', errorType: 'bad_data', error })
  })

  test('whose pattern is no pattern are refused, not a failure of ours', async () => {
    expect((await ask('/api/v1/series?match[]={a=~"("}')).status).toBe(400)
  })
})

test('label names are sorted, cut at the limit with a warning', async () => {
  expect(await json('/api/v1/labels')).toEqual({ status: 'success', data: ['__name__', 'a.b', 'instance', 'job'] })
  expect(await json('/api/v1/labels?limit=1&match[]={__name__!=""}')).toEqual({
    status: 'success',
    data: ['__name__'],
    warnings: ['results truncated due to limit'],
  })
})

test('many label values are written piece by piece, each once whatever the number of selectors', async () => {
  const values = Array.from({ length: 20_000 }, (_, i) => `v<${i}>`).toSorted()
  const many: SeriesReader = {
    ...reader,
    *labelValues() {
      yield
      return values
    },
  }
  const { ask: asked } = fixture({ ports: { ...house.ports, reader: many } })
  for (const query of ['', '?match[]=up&match[]=odd']) {
    const pieces: Uint8Array[] = []
    for await (const piece of (await asked(`/api/v1/label/id/values${query}`)).body!) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(1)
    expect(JSON.parse(Buffer.concat(pieces).toString())).toEqual({ status: 'success', data: values })
  }
})

describe('label values', () => {
  test('are sorted', async () => {
    expect(await json('/api/v1/label/job/values?match[]=up')).toEqual({
      status: 'success',
      data: ['checkout', 'payments'],
    })
  })

  test('of a UTF-8 name are found under its escaped name', async () => {
    expect(await json('/api/v1/label/U__a_2e_b/values')).toEqual({ status: 'success', data: ['"quoted" 中文'] })
  })

  test('of any name may be asked for', async () => {
    expect(await json('/api/v1/label/no-such.name/values')).toEqual({ status: 'success', data: [] })
  })
})

test('metadata is one list a metric', async () => {
  const up = [{ type: 'gauge', help: 'whether it answered', unit: '' }]
  expect(await json('/api/v1/metadata?metric=up')).toEqual({ status: 'success', data: { up } })
  expect(await json('/api/v1/metadata?limit=1')).toMatchObject({ data: { odd: [{ type: 'unknown' }] } })
})
