// What the Collector's Kafka exporter writes, in every compression and both encodings. Needs its binary from the testbed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { OtlpRequest } from '#core/ports/intake.ts'

import { receivers } from '../../collector/index.ts'
import { decoded, request } from '../../collector/testing/decoding.fixture.ts'
import { receiverDeps } from '../../collector/testing/receiving.fixture.ts'
import { until } from './process/barograph.ts'
import { freePort } from './process/broker.ts'
import { clientOf, createTopic } from './process/kafka-records.ts'

const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''
const CACHE = process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache/testbed')
const COLLECTOR = globSync(join(CACHE, 'collector-*/collector')).at(-1) ?? ''
const WHY_NOT = [BROKERS === '' && 'needs BAROGRAPH_TEST_KAFKA', COLLECTOR === '' && 'needs the testbed’s Collector']
const SKIPPED = WHY_NOT.filter((why) => why !== false).join(', ')

const WAYS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].flatMap((compression) => {
  return (['otlp_proto', 'otlp_json'] as const).map((encoding) => ({ compression, encoding }))
})
const topicOf = ({ compression, encoding }: (typeof WAYS)[number]): string =>
  `collector_${process.pid}_${compression}_${encoding}`

function configuration(port: number): object {
  const exporters = Object.fromEntries(
    WAYS.map((way) => [
      `kafka/${way.compression}_${way.encoding}`,
      {
        brokers: BROKERS.split(','),
        producer: { compression: way.compression },
        metrics: { topic: topicOf(way), encoding: way.encoding },
      },
    ]),
  )
  const metrics = { receivers: ['otlp'], exporters: Object.keys(exporters) }
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters,
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: { metrics } },
  }
}

describe.skipIf(SKIPPED !== '')(`the Collector ${SKIPPED}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'collector-'))
  const body = readFileSync(`${import.meta.dirname}/../fixtures/otlp-js/js-05-metrics.pb`)
  let collector: ChildProcess
  let url = ''

  async function sent(): Promise<boolean> {
    const headers = { 'content-type': 'application/x-protobuf' }
    const answer = await fetch(`${url}/v1/metrics`, { method: 'POST', headers, body }).catch(() => undefined)
    return answer?.ok === true
  }

  beforeAll(async () => {
    const kafka = clientOf(BROKERS)
    for (const way of WAYS) await createTopic(kafka, topicOf(way), 1)
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const file = join(folder, 'collector.json')
    writeFileSync(file, JSON.stringify(configuration(port)))
    collector = spawn(COLLECTOR, ['--config', file], { stdio: 'ignore' })
    await until('the Collector', async () => ((await sent()) ? true : undefined))
  })

  afterAll(async () => {
    const gone = once(collector, 'exit')
    collector.kill('SIGKILL')
    await gone
    rmSync(folder, { recursive: true })
  })

  test.each(WAYS)('$encoding, $compression', async (way) => {
    const deps = receiverDeps()
    const config = { brokers: BROKERS.split(','), group: topicOf(way), topics: { metrics: topicOf(way) } }
    const receiver = receivers.kafka.create({ ...config, encoding: way.encoding, from: 'earliest' }, deps)
    try {
      await receiver.start()
      await expect.poll(() => deps.intake.inputs.length).toBe(1)
      const { lines } = decoded(deps.intake.inputs[0] as OtlpRequest)
      expect(lines.toSorted()).toEqual(decoded(request('metrics', body)).lines.toSorted())
    } finally {
      await receiver.stop()
    }
  })
})
