import { Agent, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'

import { encode } from '../../collector/testing/otlp.fixture.ts'

/** Stand in an encoded request for what is put in later. */
const TIME = 2 ** 60 + 2 ** 20
const VALUE = 1.234567890123e300
const AGAIN_MS = 100

/** Places of eight bytes in an encoded request. */
function placesOf(bytes: Buffer, mark: Buffer): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 8)) places.push(at)
  return places
}

/** One request as a template: another time and value is a few stores away. */
class Template {
  readonly #bytes: Buffer
  readonly #times: readonly number[]
  readonly #values: readonly number[]

  constructor(signal: 'metrics' | 'logs' | 'traces', message: object) {
    this.#bytes = Buffer.from(encode(signal, message))
    const mark = Buffer.alloc(8)
    mark.writeBigUInt64LE(BigInt(TIME))
    this.#times = placesOf(this.#bytes, mark)
    mark.writeDoubleLE(VALUE)
    this.#values = placesOf(this.#bytes, mark)
  }

  at(time_ms: number, value: number): Buffer {
    for (const place of this.#times) this.#bytes.writeBigUInt64LE(BigInt(time_ms) * 1_000_000n, place)
    for (const place of this.#values) this.#bytes.writeDoubleLE(value, place)
    return this.#bytes
  }
}

export interface Sent {
  /** Requests that were answered with 200. */
  acknowledged: number
  /** Attempts without such an answer: it may have taken them all the same. */
  again: number
}

/** Sends one request after the other, each until it is acknowledged, at a steady pace while it can. */
export class Sender {
  readonly name: string
  readonly sent: Sent = { acknowledged: 0, again: 0 }
  readonly #path: string
  readonly #template: Template
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(name: string, signal: 'metrics' | 'logs' | 'traces', message: object) {
    this.name = name
    this.#path = `/v1/${signal}`
    this.#template = new Template(signal, message)
  }

  /** Until `until()`; the value of request n is n, the times ascend. */
  async run(port: number, interval_ms: number, until: () => boolean): Promise<void> {
    let next_ms = Date.now()
    let last_ms = 0
    while (!until()) {
      last_ms = Math.max(Date.now(), last_ms + 1)
      const body = this.#template.at(last_ms, this.sent.acknowledged)
      while (!(await this.#post(port, body))) {
        this.sent.again++
        await setTimeout(AGAIN_MS)
      }
      this.sent.acknowledged++
      // Time lost is not made up for: the load stays what it is said to be.
      next_ms = Math.max(next_ms + interval_ms, Date.now())
      await setTimeout(Math.max(0, next_ms - Date.now()))
    }
    this.#agent.destroy()
  }

  #post(port: number, body: Buffer): Promise<boolean> {
    return new Promise((settle) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
      const sending = request({
        agent: this.#agent,
        port,
        host: '127.0.0.1',
        path: this.#path,
        method: 'POST',
        headers,
      })
      sending.on('response', (response) => {
        let refused = ''
        response.on('data', (bytes: Buffer) => {
          refused += bytes.toString('latin1')
        })
        response.on('error', () => settle(false))
        // A partial success is an answer with a body: nothing of ours may be refused.
        if (response.statusCode === 200) response.on('end', () => settle(refused === '' || fail(refused)))
        else response.on('end', () => settle(false))
      })
      sending.on('error', () => settle(false))
      sending.setTimeout(30_000, () => sending.destroy(new Error('no answer')))
      sending.end(body)
    })
  }
}

function fail(message: string): never {
  throw new Error(`a part was refused: ${message}`)
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })

/** `series` gauges and counters of one service, 20 points a metric. */
export function metricsOf(service: string, series: number): object {
  const metrics = Array.from({ length: Math.ceil(series / 20) }, (_, metric) => {
    const dataPoints = Array.from({ length: Math.min(20, series - metric * 20) }, (__, point) => ({
      attributes: [text('point', String(point))],
      timeUnixNano: TIME,
      asDouble: VALUE,
    }))
    return { name: `soak_metric_${metric}`, gauge: { dataPoints } }
  })
  return {
    resourceMetrics: [{ resource: { attributes: [text('service.name', service)] }, scopeMetrics: [{ metrics }] }],
  }
}

export function logsOf(service: string, records: number): object {
  const logRecords = Array.from({ length: records }, () => ({
    timeUnixNano: TIME,
    severityNumber: 9,
    body: { stringValue: 'order taken' },
  }))
  return { resourceLogs: [{ resource: { attributes: [text('service.name', service)] }, scopeLogs: [{ logRecords }] }] }
}

/** One call from `service` to `${service}-db`. Ids are the time: a mark of eight bytes. */
export function tracesOf(service: string): object {
  const mark = Buffer.alloc(8)
  mark.writeBigUInt64LE(BigInt(TIME))
  const traceId = Buffer.concat([mark, mark])
  const resource = (name: string) => ({ attributes: [text('service.name', name)] })
  const times = { startTimeUnixNano: TIME, endTimeUnixNano: TIME }
  const client = { traceId, spanId: mark, name: 'call', kind: 3, ...times }
  const server = { traceId, spanId: Buffer.from('answered'), parentSpanId: mark, name: 'serve', kind: 2, ...times }
  return {
    resourceSpans: [
      { resource: resource(service), scopeSpans: [{ spans: [client] }] },
      { resource: resource(`${service}-db`), scopeSpans: [{ spans: [server] }] },
    ],
  }
}
