// What every receiver promises, run over THE LIST.
import { describe, expect, test } from 'vitest'

import { kafka, otlpGrpc, otlpHttp, scrape } from './receivers.ts'
import * as receivers from './receivers.ts'
import type { ReceiverDeps, RunningReceiver } from './receivers/receiver.ts'
import { scrapeJobs } from './scrape/config/job-schema.ts'
import { receiverDeps } from './testing/receiving.fixture.ts'

const BROKERS = process.env['BAROGRAPH_TEST_KAFKA'] ?? ''

interface Trial {
  readonly create: (deps: ReceiverDeps) => RunningReceiver
  /** Why it cannot be started here; '' where it can. */
  readonly cannotStart: string
}

const TRIALS: Readonly<Record<string, Trial>> = {
  otlp_grpc: { create: (deps) => otlpGrpc.create({ host: 'localhost', port: 0 }, deps), cannotStart: '' },
  otlp_http: { create: (deps) => otlpHttp.create({ host: 'localhost', port: 0 }, deps), cannotStart: '' },
  kafka: {
    create: (deps) => {
      const topics = { metrics: 'contract_metrics' }
      const config = {
        brokers: BROKERS.split(','),
        group: 'contract',
        topics,
        encoding: 'otlp_proto',
        from: 'latest',
      } as const
      return kafka.create(config, deps)
    },
    cannotStart: BROKERS === '' ? 'needs a broker: set BAROGRAPH_TEST_KAFKA' : '',
  },
  scrape: {
    create: (deps) => {
      const jobs = scrapeJobs.parse([{ job: 'contract', interval: '1h', targets: ['127.0.0.1:1'] }])
      return scrape.create({ jobs, folder: '/', scrapes: 1, targets: 1, user_agent: 'contract' }, deps)
    },
    cannotStart: '',
  },
}

test('THE LIST names each receiver once', () => {
  const types = Object.values(receivers).map(({ type }) => type)
  expect(types.toSorted()).toEqual(Object.keys(TRIALS).toSorted())
})

describe.each(Object.entries(TRIALS))('the receiver %s', (_, { create, cannotStart }) => {
  test('opens nothing before start, and may be stopped without it, twice', async () => {
    const receiver = create(receiverDeps())
    expect(receiver.addresses).toEqual([])
    expect(receiver.lagging()).toBe(false)
    await receiver.stop()
    await receiver.stop()
  })

  test(`lets go of everything when stopped, while it starts too ${cannotStart}`, async (context) => {
    if (cannotStart !== '') context.skip(cannotStart)
    const deps = receiverDeps()
    const receiver = create(deps)
    await receiver.start()
    await receiver.stop()
    await receiver.stop()
    expect(receiver.addresses).toEqual([])
    const early = create(deps)
    const starting = early.start()
    await early.stop()
    await starting
    expect(early.addresses).toEqual([])
    expect(deps.intake.inputs).toEqual([])
  })
})
