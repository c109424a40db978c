import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'
import { gzipSync } from 'node:zlib'

import {
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError as GrpcError,
  status,
} from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { afterEach, describe, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { receiverDeps } from '../testing/receiving.fixture.ts'
import { otlpGrpc } from './otlp-grpc.ts'
import type { ReceiverLimits, RunningReceiver } from './receiver.ts'

const METRICS = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
const PATHS = {
  metrics: METRICS,
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
}
const HEALTH = '/grpc.health.v1.Health/Check'
const MB = 2 ** 20

const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

async function started(limits: Partial<ReceiverLimits> = {}) {
  const deps = receiverDeps(limits)
  const receiver: RunningReceiver = otlpGrpc.create({ host: '127.0.0.1', port: 0 }, deps)
  opened.push(() => receiver.stop())
  await receiver.start()
  const { port } = receiver.addresses[0]!
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  opened.push(() => client.close())
  const raw = (): ClientHttp2Session => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    opened.push(() => session.destroy())
    return session
  }
  return { ...deps, receiver, port, client, raw }
}

const same = (bytes: Buffer): Buffer => bytes

function call(client: Client, path: string, body: Uint8Array, metadata = new Metadata()): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.from(body), metadata, (error, value) => {
      if (error === null) resolve(value!)
      else reject(error)
    })
  })
}

async function failure(client: Client, path: string, body: Uint8Array = Buffer.from('x')): Promise<GrpcError> {
  const error: unknown = await call(client, path, body).catch((caught: unknown) => caught)
  if (error instanceof Error) return error as GrpcError
  throw new Error('it was taken')
}

const { root } = protobuf.parse(`syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message FieldViolation { string field = 1; string description = 2; }
  message BadRequest { repeated FieldViolation field_violations = 1; }`)

/** The details of a refusal, as others decode them. */
function detailsOf({ metadata }: GrpcError): unknown {
  const [bin] = metadata.get('grpc-status-details-bin')
  if (bin === undefined) return undefined
  const { code, message, details } = root.lookupType('Status').decode(bin as Buffer) as unknown as {
    code: number
    message: string
    details: { type_url: string; typeUrl: string; value: Buffer }[]
  }
  const read = details.map(({ typeUrl, value }) => {
    const type = root.lookupType(typeUrl.replace('type.googleapis.com/google.rpc.', ''))
    return { [type.name]: type.toObject(type.decode(value), { longs: Number }) }
  })
  return { code, message, details: read }
}

interface Asked {
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A request of bytes as they are; `end: false` leaves it open. */
async function ask(
  session: ClientHttp2Session,
  bytes: Uint8Array,
  more: IncomingHttpHeaders = {},
  end = true,
): Promise<Asked> {
  const head = { ':method': 'POST', ':path': METRICS, 'content-type': 'application/grpc', te: 'trailers', ...more }
  const stream = session.request(head)
  stream.on('error', () => {})
  let trailers: IncomingHttpHeaders = {}
  stream.on('trailers', (got: IncomingHttpHeaders) => (trailers = got))
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.write(bytes)
  if (end) stream.end()
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (!stream.closed) await once(stream, 'close')
  return { headers, trailers, body: Buffer.concat(chunks) }
}

function framed(body: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

describe('an export', () => {
  test('that is taken wholly gets an empty answer, whatever the signal', async () => {
    const { client, intake, meter } = await started()
    for (const [signal, path] of Object.entries(PATHS)) {
      expect(await call(client, path, Buffer.from('abc'))).toEqual(Buffer.alloc(0))
      expect(intake.inputs.pop()).toMatchObject({ kind: 'otlp', signal, encoding: 'proto' })
      expect(meter.counts[`barograph.collector.requests{receiver=otlp_grpc,signal=${signal},outcome=ok}`]).toBe(1)
      expect(meter.counts[`barograph.collector.bytes{receiver=otlp_grpc,signal=${signal}}`]).toBe(3)
    }
  })

  test('arrives byte for byte: empty, long, compressed', async () => {
    const { client, intake } = await started()
    const long = Buffer.alloc(5 * MB, 'barograph')
    const gzip = new Client(client.getChannel().getTarget().replace('dns:', ''), credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    })
    opened.push(() => gzip.close())
    for (const one of [client, gzip]) {
      for (const body of [Buffer.alloc(0), Buffer.from('x'), long]) {
        await call(one, METRICS, body)
        const input = intake.inputs.pop()!
        expect(Buffer.compare(input.kind === 'otlp' ? input.body : Buffer.alloc(0), body)).toBe(0)
      }
    }
  })

  test('that is taken in part is told how much was refused', async () => {
    const { client, intake } = await started()
    intake.answer = () => ({ rejected: 300, message: 'no time (300)' })
    const inner = Buffer.concat([Buffer.from([8, 172, 2, 18, 13]), Buffer.from('no time (300)')])
    expect(await call(client, METRICS, Buffer.from('x'))).toEqual(
      Buffer.concat([Buffer.from([10, inner.length]), inner]),
    )
  })

  const retry = { RetryInfo: { retryDelay: { seconds: 1 } } }
  const bad = { BadRequest: { fieldViolations: [{ description: 'because: 100 % of Größe' }] } }
  test.each([
    ['bad_data', status.INVALID_ARGUMENT, bad],
    ['overloaded', status.UNAVAILABLE, retry],
    ['unavailable', status.UNAVAILABLE, retry],
    ['too_large', status.RESOURCE_EXHAUSTED, undefined],
  ] as const)('that is refused with %s gets status %d and what it needs to know', async (code, rpc, detail) => {
    const { client, intake, meter } = await started()
    const message = 'because: 100 % of Größe'
    intake.answer = () => {
      throw new ServiceError(code, message)
    }
    const error = await failure(client, METRICS)
    expect([error.code, error.details]).toEqual([rpc, message])
    expect(detailsOf(error)).toEqual(detail === undefined ? undefined : { code: rpc, message, details: [detail] })
    expect(meter.counts[`barograph.collector.requests{receiver=otlp_grpc,signal=metrics,outcome=${code}}`]).toBe(1)
  })

  test('that meets a bug of ours gets INTERNAL and no details', async () => {
    const { client, intake } = await started()
    intake.answer = () => {
      throw new Error('BUG: secret')
    }
    const error = await failure(client, METRICS)
    expect([error.code, error.details]).toEqual([status.INTERNAL, 'internal error; see the log'])
  })

  test('of another service, method or kind is refused', async () => {
    const { client, raw } = await started()
    expect((await failure(client, '/opentelemetry.proto.collector.metrics.v1.MetricsService/Import')).code).toBe(
      status.UNIMPLEMENTED,
    )
    const session = raw()
    expect(
      (await ask(session, framed(Buffer.from('x')), { 'content-type': 'application/json' })).headers,
    ).toMatchObject({
      ':status': 415,
    })
    const get = session.request({ ':path': METRICS })
    const [headers] = (await once(get, 'response')) as [IncomingHttpHeaders]
    expect(headers).toMatchObject({ ':status': 405, allow: 'POST' })
  })
})

describe('a message', () => {
  test('in an encoding that nobody here knows is refused, with those that are', async () => {
    const { headers } = await ask((await started()).raw(), framed(Buffer.from('x'), 1), { 'grpc-encoding': 'br' })
    expect(headers).toMatchObject({ 'grpc-status': '12', 'grpc-accept-encoding': 'identity,gzip,zstd,deflate,snappy' })
  })

  test.each([
    ['no bytes at all', Buffer.alloc(0), {}],
    ['half a prefix', Buffer.from([0, 0]), {}],
    ['less than was announced', framed(Buffer.from('abc')).subarray(0, 6), {}],
    ['two messages', Buffer.concat([framed(Buffer.from('a')), framed(Buffer.from('b'))]), {}],
    ['an unknown flag', framed(Buffer.from('x'), 2), {}],
    ['compression of which nobody spoke', framed(gzipSync('x'), 1), {}],
    ['no gzip', framed(Buffer.from('this is not gzip'), 1), { 'grpc-encoding': 'gzip' }],
  ])('that is broken is bad data: %s', async (_, bytes, more) => {
    const { raw, intake } = await started()
    expect((await ask(raw(), bytes, more)).headers).toMatchObject({ 'grpc-status': '3' })
    expect(intake.inputs).toEqual([])
  })

  test('need not be compressed where the encoding allows it', async () => {
    const { raw, intake } = await started()
    const { trailers } = await ask(raw(), framed(Buffer.from('plain')), { 'grpc-encoding': 'gzip' })
    expect(trailers).toMatchObject({ 'grpc-status': '0' })
    expect(intake.inputs).toMatchObject([{ body: Buffer.from('plain') }])
  })

  test('that is too large is refused before it has come, and its connection goes on', async () => {
    const { raw, client, intake } = await started({ body: MB })
    const session = raw()
    const announced = Buffer.from([0, 1, 0, 0, 0])
    // More of them than the connection's window holds: what is refused must not stay in it.
    for (let i = 0; i < 24; i++) {
      const { headers } = await ask(session, Buffer.concat([announced, Buffer.alloc(MB - 5)]), {}, false)
      expect(headers).toMatchObject({ 'grpc-status': '8' })
    }
    const { trailers } = await ask(session, framed(Buffer.alloc(MB, 'x')))
    expect(trailers).toMatchObject({ 'grpc-status': '0' })
    expect(intake.inputs).toHaveLength(1)
    expect((await failure(client, METRICS, Buffer.alloc(MB + 1))).code).toBe(status.RESOURCE_EXHAUSTED)
  })

  test('that would burst is refused: more than one may be, more than all may hold', async () => {
    const bomb = framed(gzipSync(Buffer.alloc(8 * MB)), 1)
    const gzip = { 'grpc-encoding': 'gzip' }
    const small = await started({ body_inflated: MB })
    expect((await ask(small.raw(), bomb, gzip)).headers).toMatchObject({ 'grpc-status': '8' })
    const full = await started({ bodies_in_flight: MB })
    expect((await ask(full.raw(), bomb, gzip)).headers).toMatchObject({ 'grpc-status': '14' })
    expect([small.bodies.used, full.bodies.used]).toEqual([0, 0])
  })
})

describe('a sender', () => {
  test('that goes away leaves nothing behind', async () => {
    const { raw, bodies, meter } = await started()
    const session = raw()
    const stream = session.request({ ':method': 'POST', ':path': METRICS, 'content-type': 'application/grpc' })
    stream.on('error', () => {})
    stream.write(Buffer.concat([Buffer.from([0, 0, 1, 0, 0]), Buffer.alloc(1000)]))
    await expect.poll(() => bodies.used).toBeGreaterThan(0)
    session.destroy()
    await expect.poll(() => bodies.used).toBe(0)
    expect(meter.counts['barograph.collector.requests{receiver=otlp_grpc,signal=metrics,outcome=canceled}']).toBe(1)
  })

  test('that dawdles is told so', async () => {
    const { raw, bodies } = await started({ request_ms: 50 })
    const { headers } = await ask(raw(), Buffer.from([0, 0, 1, 0, 0, 1]), {}, false)
    expect(headers).toMatchObject({ 'grpc-status': '4' })
    await expect.poll(() => bodies.used).toBe(0)
  })

  test('of something else than HTTP/2 is cut off', async () => {
    const { port, client, meter } = await started()
    const socket = createConnection(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.end('GET /v1/metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    expect(await call(client, METRICS, Buffer.from('x'))).toEqual(Buffer.alloc(0))
    client.close()
    expect(meter.counts['barograph.collector.requests{receiver=otlp_grpc,signal=none,outcome=broken}']).toBe(1)
  })
})

describe('stopping', () => {
  test('finishes what has come, and refuses what comes', async () => {
    const { client, intake, receiver } = await started()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    intake.answer = async () => {
      await held
      return { rejected: 0, message: '' }
    }
    const first = call(client, METRICS, Buffer.from('x'))
    await expect.poll(() => client.getChannel().getConnectivityState(false)).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const stopping = receiver.stop()
    const second = failure(client, METRICS)
    release()
    expect(await first).toEqual(Buffer.alloc(0))
    expect((await second).code).toBe(status.UNAVAILABLE)
    await stopping
  })
})

describe('health', () => {
  test('is asked of all, of each service, and of none that is here', async () => {
    const { client } = await started()
    const name = (text: string): Buffer => Buffer.concat([Buffer.from([10, text.length]), Buffer.from(text)])
    expect(await call(client, HEALTH, Buffer.alloc(0))).toEqual(Buffer.from([8, 1]))
    const traces = name('opentelemetry.proto.collector.trace.v1.TraceService')
    expect(await call(client, HEALTH, traces)).toEqual(Buffer.from([8, 1]))
    expect((await failure(client, HEALTH, name('elsewhere'))).code).toBe(status.NOT_FOUND)
    expect((await failure(client, HEALTH, Buffer.from([10, 200]))).code).toBe(status.INVALID_ARGUMENT)
  })

  test('is told in few words, whatever was asked: a longer head ends the connection of all who share it', async () => {
    const { client } = await started()
    const name = Buffer.from('名'.repeat(20_000))
    const asked = Buffer.concat([Buffer.from([10, 0xe0, 0xd4, 3]), name])
    const { code, details } = await failure(client, HEALTH, asked)
    expect(code).toBe(status.NOT_FOUND)
    expect(details).toMatch(/^no service "名{400,}$/)
    expect((await failure(client, `/${'%'.repeat(10_000)}`)).code).toBe(status.UNIMPLEMENTED)
  })
})
