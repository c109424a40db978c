import { Agent, request } from 'node:http'
import { createRequire } from 'node:module'

import { type BenchSeries, STEP_MS } from './data.ts'

/** It comes without types. */
const { compress } = createRequire(import.meta.url)('snappyjs') as { compress: (bytes: Buffer) => Buffer }

/** Series and steps of one body. */
export const SERIES_OF_BODY = 400
const STEPS_OF_BODY = 30

/** Protobuf, as far as a remote-write body needs it: written into one buffer. */
class Writer {
  #bytes = Buffer.alloc(1 << 16)
  #length = 0

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  varint(value: number): void {
    this.#reserve(10)
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 128
    this.#bytes[this.#length++] = rest
  }

  field(number: number, inner: Buffer): void {
    this.varint(number * 8 + 2)
    this.varint(inner.length)
    this.#reserve(inner.length)
    inner.copy(this.#bytes, this.#length)
    this.#length += inner.length
  }

  double(number: number, value: number): void {
    this.varint(number * 8 + 1)
    this.#reserve(8)
    this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + more))
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}

const written = new WeakMap<BenchSeries, Buffer>()

/** `Label` messages of a series, as fields of `TimeSeries`. */
function labelsOf(series: BenchSeries): Buffer {
  const known = written.get(series) ?? writtenLabels(series)
  written.set(series, known)
  return known
}

function writtenLabels({ labels }: BenchSeries): Buffer {
  const [all, one] = [new Writer(), new Writer()]
  for (const [name, value] of labels) {
    one.clear()
    one.field(1, Buffer.from(name))
    one.field(2, Buffer.from(value))
    all.field(1, one.bytes)
  }
  return Buffer.from(all.bytes)
}

/** Remote-write 1.0 bodies of all series over `steps` from `begin_ms` on, each series' samples in order. */
export function* bodiesOf(series: readonly BenchSeries[], begin_ms: number, steps: number): Generator<Buffer> {
  const labels = series.map(labelsOf)
  const [body, entry, sample] = [new Writer(), new Writer(), new Writer()]
  for (let step = 0; step < steps; step += STEPS_OF_BODY) {
    for (let first = 0; first < series.length; first += SERIES_OF_BODY) {
      body.clear()
      for (let i = first; i < Math.min(series.length, first + SERIES_OF_BODY); i++) {
        entry.clear()
        for (let k = step; k < Math.min(steps, step + STEPS_OF_BODY); k++) {
          sample.clear()
          sample.double(1, series[i]!.next())
          sample.varint(16)
          sample.varint(begin_ms + k * STEP_MS + series[i]!.offset_ms)
          entry.field(2, sample.bytes)
        }
        body.field(1, Buffer.concat([labels[i]!, entry.bytes]))
      }
      yield compress(body.bytes)
    }
  }
}

const agent = new Agent({ keepAlive: true })

/** Sends a body to a remote-write receiver of this machine. */
export function write(port: number, bytes: Buffer): Promise<void> {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
    'content-length': bytes.length,
  }
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, path: '/api/v1/write', method: 'POST', headers }, (answer) => {
      answer.resume()
      answer.on('end', () => {
        if (answer.statusCode! < 300) resolve()
        else reject(new Error(`remote write answered HTTP ${answer.statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end(bytes)
  })
}
