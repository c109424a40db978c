// A process of its own that sends prepared remote-write bodies: `node bench/write-sender.ts JSON`. Lines on its standard input as
// `bench/sender.ts` has them. Everything is encoded and compressed before the first answer.
import { Agent, request } from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

import { seeded } from '#core/random.ts'

/** It comes without types. */
const { compress } = createRequire(import.meta.url)('snappyjs') as { compress: (bytes: Buffer) => Buffer }

export interface WriteSenderOptions {
  readonly port: number
  readonly version: 1 | 2
  readonly series: number
  readonly rounds: number
  readonly connections: number
}

/** As Prometheus sends them. */
const SAMPLES_OF_BODY = 2000
const STEP_MS = 10_000
const TYPES = { 1: 'application/x-protobuf', 2: 'application/x-protobuf;proto=io.prometheus.write.v2.Request' } as const

const options = JSON.parse(process.argv[2]!) as WriteSenderOptions
const perRound = Math.ceil(options.series / SAMPLES_OF_BODY)
const random = seeded(7)

/** Ten labels, as a scraped pod has them; what is shared in reality is shared here. */
function labelsOf(i: number): readonly (readonly [string, string])[] {
  const [pod, metric, route] = [i % 500, Math.floor(i / 500) % 100, Math.floor(i / 50_000)]
  return [
    ['__name__', `bench_requests_in_flight_${metric}`],
    ['cluster', 'eu-west-1-prod'],
    ['code', '200'],
    ['container', 'checkout-service'],
    ['endpoint', 'http-metrics'],
    ['instance', `10.1.${pod >> 8}.${pod & 255}:8080`],
    ['job', 'kubernetes-pods'],
    ['namespace', 'shop'],
    ['pod', `checkout-7d9f8b6c5-${pod.toString(36)}`],
    ['route', `/api/v1/things/${route}`],
  ]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

const field = (number: number, inner: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([number * 8 + 2, ...varint(inner.length)]), inner])

/** What is the same in every round: the head of the body, and of each series its labels. */
function template(first: number): { head: Buffer; series: Buffer[] } {
  const symbols = new Map([['', 0]])
  const reference = (text: string): number[] => {
    if (!symbols.has(text)) symbols.set(text, symbols.size)
    return varint(symbols.get(text)!)
  }
  const series = Array.from({ length: SAMPLES_OF_BODY }, (_, i) => {
    const labels = labelsOf(first + i)
    if (options.version === 2) return field(1, Buffer.from(labels.flat().flatMap(reference)))
    return Buffer.concat(
      labels.map(([name, value]) =>
        field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
      ),
    )
  })
  const table = options.version === 2 ? [...symbols.keys()].map((symbol) => field(4, Buffer.from(symbol))) : []
  return { head: Buffer.concat(table), series }
}

function body({ head, series }: ReturnType<typeof template>, time_ms: number): Buffer {
  const value = Buffer.alloc(8)
  const time = varint(time_ms)
  const number = options.version === 2 ? 5 : 1
  return Buffer.concat([
    head,
    ...series.map((labels) => {
      value.writeDoubleLE(Math.round(random() * 1e5) / 100)
      return field(number, Buffer.concat([labels, field(2, Buffer.from([0x09, ...value, 0x10, ...time]))]))
    }),
  ])
}

const templates = Array.from({ length: perRound }, (_, i) => template(i * SAMPLES_OF_BODY))
const begin_ms = Date.now() - options.rounds * STEP_MS
const bodies: Buffer[] = []
for (let round = 0; round < options.rounds; round++) {
  for (const one of templates) bodies.push(compress(body(one, begin_ms + round * STEP_MS)))
}

const agent = new Agent({ keepAlive: true, maxSockets: options.connections })
const headers = { 'content-type': TYPES[options.version], 'content-encoding': 'snappy' }

function send(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const to = { agent, port: options.port, path: '/api/v1/write', method: 'POST' }
    const sent = request({ ...to, headers: { ...headers, 'content-length': bytes.length } }, (answer) => {
      answer.resume()
      answer.on('end', () => (answer.statusCode === 204 ? resolve() : reject(new Error(`HTTP ${answer.statusCode}`))))
    })
    sent.on('error', reject)
    sent.end(bytes)
  })
}

async function drive(from: number, to: number) {
  let [next, failed, error] = [from * perRound, 0, '']
  const started = performance.now()
  const work = async (): Promise<void> => {
    while (next < to * perRound) {
      try {
        await send(bodies[next++]!)
      } catch (cause) {
        failed++
        error = String(cause)
      }
    }
  }
  await Promise.all(Array.from({ length: options.connections }, work))
  return { requests: (to - from) * perRound, failed, error, seconds: (performance.now() - started) / 1000 }
}

const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
say({ ready: true, points_of_body: SAMPLES_OF_BODY, bodies_of_round: perRound, body_bytes: bodies[0]!.length })
for await (const line of createInterface({ input: process.stdin })) {
  const [from = 0, to = 0] = line.split(' ').map(Number)
  say(await drive(from, to))
}
process.exit(0)
