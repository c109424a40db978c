// OTLP from a real Kafka: what the way to the intake costs, beside other clients, and a whole process. Needs BAROGRAPH_TEST_KAFKA.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { Admin, ProduceAcks, Producer } from '@platformatic/kafka'

import { counted, median, report, startServer, usageOf } from './measure.ts'
import { Payload, SHAPES } from './payload.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
type Codec = (typeof CODECS)[number]
const PARTITIONS = 4
/** Of one batch, before it is packed; brokers take 1 MB. */
const BATCH_BYTES = 900_000
const READER = join(import.meta.dirname, 'kafka/reader.ts')

type Shape = '170' | '2000'

interface Topic {
  readonly name: string
  readonly shape: Shape
  readonly codec: Codec
  readonly records: number
  readonly points: number
  readonly bytes: number
}

interface Read {
  readonly cpu_s: number
  readonly bytes: number
  readonly delay_ms: number
  readonly rss_bytes: number
}

/** Seeded bodies, one a record, round over the partitions. */
async function produced(broker: string, shape: Shape, codec: Codec, points: number): Promise<Topic> {
  const client = { clientId: 'bench', bootstrapBrokers: [broker] }
  const [admin, producer] = [new Admin(client), new Producer(client)]
  const name = `bench_${shape}_${codec}_${process.pid}`
  await admin.createTopics({ topics: [name], partitions: PARTITIONS, replicas: 1 })
  const payload = new Payload({ ...SHAPES[shape], bodies: 20, seed: 1 })
  let [records, bytes, waiting] = [0, 0, 0]
  let messages: { topic: string; partition: number; value: Buffer }[] = []
  const send = async (): Promise<void> => {
    if (messages.length > 0) await producer.send({ messages, compression: codec, acks: ProduceAcks.LEADER })
    messages = []
    waiting = 0
  }
  for (let round = 0; records * payload.points < points; round++) {
    for (const body of payload.round(round)) {
      if (waiting + body.length > BATCH_BYTES) await send()
      const partition = Math.floor(bytes / BATCH_BYTES) % PARTITIONS
      messages.push({ topic: name, partition, value: Buffer.from(body) })
      waiting += body.length
      bytes += body.length
      records++
    }
  }
  await send()
  await producer.close()
  await admin.close()
  return { name, shape, codec, records, bytes, points: records * payload.points }
}

async function remove(broker: string, topics: readonly Topic[]): Promise<void> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [broker] })
  await admin.deleteTopics({ topics: topics.map(({ name }) => name) })
  await admin.close()
}

async function read(client: string, broker: string, { name, records }: Topic): Promise<Read> {
  const args = ['--no-warnings', READER, client, broker, name, String(records)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Read
}

/** Clients in turn, a fresh process each; CPU time from the first connection to the last record. */
async function transport(broker: string, topic: Topic, runs: number): Promise<void> {
  const plain = topic.codec === 'none' || topic.codec === 'gzip'
  const clients = ['barograph', ...(plain ? ['kafkajs'] : []), 'platformatic']
  const reads = new Map<string, Read[]>(clients.map((client) => [client, []]))
  for (let run = 0; run < runs; run++) {
    for (const client of clients) reads.get(client)!.push(await read(client, broker, topic))
  }
  for (const [client, list] of reads) {
    const of = (pick: (one: Read) => number): number => Number(median(list.map(pick)).toPrecision(3))
    report({
      bench: 'kafka',
      what: 'transport',
      client,
      body_points: Number(topic.shape),
      codec: topic.codec,
      cpu_s_per_gb: of(({ cpu_s, bytes }) => cpu_s / (bytes / 1e9)),
      cpu_us_per_record: of(({ cpu_s }) => (cpu_s * 1e6) / topic.records),
      loop_delay_ms: of(({ delay_ms }) => delay_ms),
      rss_mb: of(({ rss_bytes }) => rss_bytes / 1e6),
    })
  }
}

/** A fresh Barograph on one core, from its first record to its last: fetched, unpacked, decoded, journaled, stored, judged. */
async function whole(broker: string, topic: Topic): Promise<void> {
  const limits = { ahead: '10000d', out_of_order: '10000d' }
  const server = await startServer({
    rules: [],
    limits,
    kafka: { brokers: [broker], group: topic.name, topics: { metrics: topic.name } },
  })
  try {
    const before = usageOf(server.pid)
    const from_ms = performance.now()
    let done = 0
    while ((done = await counted(server.http, 'barograph_collector_requests_total')) < topic.records)
      await new Promise((resolve) => setTimeout(resolve, 100))
    const wall_s = (performance.now() - from_ms) / 1000
    const { cpu_s, peak_bytes } = usageOf(server.pid)
    const spent_s = cpu_s - before.cpu_s
    report({
      bench: 'kafka',
      what: 'process',
      body_points: Number(topic.shape),
      codec: topic.codec,
      records: done,
      points_per_s: Math.round(topic.points / wall_s),
      points_per_cpu_s: Math.round(topic.points / spent_s),
      cpu_s_per_million_points: Number(((spent_s * 1e6) / topic.points).toFixed(2)),
      cpu_s_per_gb: Number((spent_s / (topic.bytes / 1e9)).toFixed(2)),
      peak_mb: Math.round(peak_bytes / 1e6),
    })
  } finally {
    await server.stop()
  }
}

/** `--codecs gzip,zstd --points 2000000 --runs 3 --what transport,process` */
export async function bench(args: readonly string[]): Promise<void> {
  const broker = process.env['BAROGRAPH_TEST_KAFKA']
  if (broker === undefined) {
    process.stderr.write('kafka wants a broker: set BAROGRAPH_TEST_KAFKA to its address (localhost:9092)\n')
    process.exitCode = 2
    return
  }
  const { values } = parseArgs({
    args: [...args],
    options: {
      codecs: { type: 'string', default: CODECS.join() },
      points: { type: 'string', default: '2000000' },
      runs: { type: 'string', default: '3' },
      what: { type: 'string', default: 'transport,process' },
    },
  })
  for (const shape of ['170', '2000'] as const) {
    for (const codec of CODECS.filter((one) => values.codecs.split(',').includes(one))) {
      const topic = await produced(broker, shape, codec, Number(values.points))
      try {
        if (values.what.includes('transport')) await transport(broker, topic, Number(values.runs))
        if (values.what.includes('process')) await whole(broker, topic)
      } finally {
        await remove(broker, [topic])
      }
    }
  }
}
