import { expect, test } from 'vitest'

import { boundsOfShape } from '#core/exponential.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels } from '#core/series.ts'
import { Store } from '#core/store/store.ts'

import { createQueryEngine } from './index.ts'

const T = 1_790_000_000_000

/** Ten observations between 1 and 2, ten between 2 and 4: buckets 0 and 1 of schema 0. */
function latency(): Store {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  const shape = {
    schema: 0,
    zero_threshold: 0,
    positive_offset: 0,
    positive_count: 2,
    negative_offset: 0,
    negative_count: 0,
  }
  const series = store.resolve({
    labels: Labels.of({ __name__: 'latency', service: 'pay' }),
    type: 'histogram',
    unit: 's',
    help: '',
    kind: 'exponential',
    bounds: boundsOfShape(shape),
  })
  const samples = new SampleBuilder()
  samples.histogram({ series, time_ms: T, sum: 50, count: 20, buckets: [0, 10, 10] })
  store.append(samples.batch())
  return store
}

async function valuesOf(expr: string): Promise<readonly number[]> {
  const result = await createQueryEngine({ readers: [latency()] }).instant(expr, T)
  return result.type === 'vector' ? result.series.map(({ value }) => value[0]!) : []
}

test('an exponential histogram answers histogram_quantile by its buckets', async () => {
  expect(await valuesOf('histogram_quantile(0.5, latency_bucket)')).toEqual([2])
  expect(await valuesOf('histogram_quantile(0.75, sum by (le) (latency_bucket))')).toEqual([3])
  expect(await valuesOf('latency_sum / latency_count')).toEqual([2.5])
})

test('under its own name it is a value of its own, with a count, a sum and buckets', async () => {
  const result = await createQueryEngine({ readers: [latency()] }).instant('sum(latency)', T)
  const [series] = result.type === 'vector' ? result.series : []
  expect(series!.value).toHaveLength(0)
  const { count, sum, buckets } = series!.histograms![0]!.value
  expect({ count, sum, buckets }).toEqual({
    count: 20,
    sum: 50,
    buckets: [
      { bounds: 0, lower: 1, upper: 2, count: 10 },
      { bounds: 0, lower: 2, upper: 4, count: 10 },
    ],
  })
  expect(await valuesOf('histogram_quantile(0.5, latency)')).toEqual([2])
  expect(await valuesOf('histogram_avg(latency) + histogram_count(latency)')).toEqual([22.5])
})
