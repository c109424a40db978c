// A process of its own that sends prepared OTLP bodies: `node bench/sender.ts JSON`. Each line on its standard input names rounds to
// send, `from to`; each is answered with a line of JSON. Everything is encoded and compressed before the first answer,
// unless that is too much to hold.
import { Agent, request } from 'node:http'
import { connect, constants } from 'node:http2'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'

import { requests } from '../collector/wire/schema.ts'
import { toOtlpJson } from '../collector/wire/to-json.ts'
import { Payload, SHAPES } from './payload.ts'

export interface SenderOptions {
  /** Where `/v1/metrics` is added to, over HTTP. */
  readonly url: string
  readonly transport: 'http' | 'grpc'
  readonly encoding: 'proto' | 'json'
  readonly gzip: boolean
  readonly points: keyof typeof SHAPES
  readonly series: number
  readonly rounds: number
  readonly shuffled: boolean
  readonly step_ms: number
  readonly connections: number
  /** Bodies are made when they are sent. */
  readonly late: boolean
  /** Points a second; 0: as fast as it goes. */
  readonly rate: number
}

const options = JSON.parse(process.argv[2]!) as SenderOptions
const shape = SHAPES[options.points]
const pointsOfBody = shape.resources * shape.metrics * shape.points
const perRound = Math.ceil(options.series / pointsOfBody)
const { shuffled, step_ms } = options
const payload = new Payload({ ...shape, bodies: perRound, shuffled, step_ms })

function* bodiesOf(from: number, to: number): Generator<Buffer> {
  for (let round = from; round < to; round++) {
    for (const body of payload.round(round)) {
      const encoded =
        options.encoding === 'proto' ? body : Buffer.from(JSON.stringify(toOtlpJson(body, requests.metrics)))
      yield options.gzip ? gzipSync(encoded, { level: 1 }) : Buffer.from(encoded)
    }
  }
}

type Send = (body: Buffer) => Promise<void>

/** Answers that refuse nothing: empty ones, and those with an empty partial success (the Collector's). */
const ALL_TAKEN: ReadonlySet<string> = new Set(['', '\n\0', '{}', '{"partialSuccess":{}}'])

function httpSender(): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections })
  const { hostname, port, pathname } = new URL(options.url)
  const path = `${pathname.replace(/\/$/, '')}/v1/metrics`
  const headers = {
    'content-type': options.encoding === 'proto' ? 'application/x-protobuf' : 'application/json',
    ...(options.gzip && { 'content-encoding': 'gzip' }),
  }
  return (body) =>
    new Promise((resolve, reject) => {
      const length = { 'content-length': body.length }
      const sent = request(
        { agent, hostname, port, path, method: 'POST', headers: { ...headers, ...length } },
        (answer) => {
          let said = ''
          answer.setEncoding('latin1').on('data', (chunk: string) => (said += chunk))
          answer.on('end', () => {
            if (answer.statusCode === 200 && ALL_TAKEN.has(said)) resolve()
            else reject(new Error(`HTTP ${answer.statusCode}, ${said.length} bytes`))
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
}

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH } = constants

/** gRPC by hand over HTTP/2, as cheap as a sender can be. */
function grpcSender(): Send {
  const sessions = Array.from({ length: options.connections }, () =>
    connect(options.url, { settings: { initialWindowSize: 2 ** 24 } }),
  )
  let next = 0
  return (body) =>
    new Promise((resolve, reject) => {
      const stream = sessions[next++ % sessions.length]!.request({
        [HTTP2_HEADER_METHOD]: 'POST',
        [HTTP2_HEADER_PATH]: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(options.gzip && { 'grpc-encoding': 'gzip' }),
      })
      let status = ''
      stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? '')))
      stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'])))
      stream.on('data', () => {})
      stream.on('error', reject)
      stream.on('close', () => (status === '0' ? resolve() : reject(new Error(`gRPC status ${status}`))))
      const head = Buffer.alloc(5)
      head[0] = options.gzip ? 1 : 0
      head.writeUInt32BE(body.length, 1)
      stream.write(head)
      stream.end(body)
    })
}

const prepared = options.late ? [] : [...bodiesOf(0, options.rounds)]
const send = options.transport === 'http' ? httpSender() : grpcSender()

async function drive(
  from: number,
  to: number,
): Promise<{ requests: number; failed: number; error: string; seconds: number }> {
  const late = options.late ? bodiesOf(from, to) : undefined
  const until = to * perRound
  let next = from * perRound
  let failed = 0
  let error = ''
  const started = performance.now()
  const first = next
  const work = async (): Promise<void> => {
    while (next < until) {
      const at = next++
      if (options.rate > 0) {
        const due = started + (((at - first) * pointsOfBody) / options.rate) * 1000
        const wait_ms = due - performance.now()
        if (wait_ms > 1) await new Promise((resolve) => setTimeout(resolve, wait_ms))
      }
      try {
        await send(late?.next().value ?? prepared[at]!)
      } catch (cause) {
        failed++
        error = String(cause)
      }
    }
  }
  await Promise.all(Array.from({ length: options.connections }, work))
  return { requests: until - from * perRound, failed, error, seconds: (performance.now() - started) / 1000 }
}

const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
say({ ready: true, points_of_body: pointsOfBody, bodies_of_round: perRound })
for await (const line of createInterface({ input: process.stdin })) {
  const [from = 0, to = 0] = line.split(' ').map(Number)
  say(await drive(from, to))
}
process.exit(0)
