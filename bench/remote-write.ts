// What it costs to put remote write requests together: `npm run bench -- remote-write`. One JSON line a version.
import snappy from 'snappyjs'

import { seeded } from '#core/random.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'

import { OutgoingSeries } from '../upstream/wire/outgoing.ts'
import { RequestEncoder1 } from '../upstream/wire/request-1.ts'
import { RequestEncoder2 } from '../upstream/wire/request-2.ts'

const BATCH = 2000
const BATCHES = 10
const ROUNDS = 20

function definition(i: number): SeriesDefinition {
  const labels = Labels.of({
    __name__: `http_server_request_duration_seconds_m${i % 50}`,
    job: 'shop/checkout',
    instance: `10.0.${i % 250}.${i >> 8}:8080`,
    service_name: 'checkout',
    k8s_pod_name: `checkout-7d9f8b6c5-${(i * 7919).toString(36)}`,
    k8s_namespace_name: 'shop',
    http_method: 'GET',
    http_route: '/api/v1/cart/{id}',
    status: '200',
    region: 'eu-west-1',
  })
  return { labels, type: 'gauge', unit: 's', help: 'Duration of requests', kind: 'float', bounds: new Float64Array() }
}

/** CPU time of the process in ns. */
const cpu_ns = (): number => process.cpuUsage().user * 1000

// oxlint-disable-next-line import/no-default-export
export default async function remoteWrite(): Promise<void> {
  const random = seeded(1)
  const definitions = Array.from({ length: BATCH * BATCHES }, (_, i) => definition(i))
  const series = new OutgoingSeries((id) => definitions[id]!)
  const batches = Array.from({ length: BATCHES }, (_, b) => {
    const builder = new SampleBuilder()
    for (let i = 0; i < BATCH; i++) builder.float(b * BATCH + i, 1.7e12 + b * 1000, random() * 100)
    return builder.batch()
  })
  for (const encoder of [new RequestEncoder1(), new RequestEncoder2()]) {
    for (const batch of batches) snappy.compress(encoder.encode(batch, series).bytes)
    const sums = { encode: 0, compress: 0, raw: 0, compressed: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      for (const batch of batches) {
        const started = cpu_ns()
        const { bytes } = encoder.encode(batch, series)
        const encoded = cpu_ns()
        const body = snappy.compress(bytes)
        sums.encode += encoded - started
        sums.compress += cpu_ns() - encoded
        sums.raw += bytes.length
        sums.compressed += body.length
      }
    }
    const samples = BATCH * BATCHES * ROUNDS
    const line = {
      bench: 'remote-write',
      version: encoder.version,
      encode_ns_per_sample: Math.round(sums.encode / samples),
      snappy_ns_per_sample: Math.round(sums.compress / samples),
      bytes_per_sample: Math.round(sums.raw / samples),
      compressed_bytes_per_sample: Math.round(sums.compressed / samples),
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
}
