// A receiver of remote write as the contract has it: what Prometheus answers, and trouble on demand.
import type { IncomingMessage, ServerResponse } from 'node:http'

import snappy from 'snappyjs'

import { Labels } from '#core/series.ts'

import { Peer } from './peer.fixture.ts'
import { type ReadRequest, type ReadSeries, readRequest } from './prompb.fixture.ts'

export interface Kept {
  readonly time_ms: number
  readonly value: number
}

/** Answers instead of taking: a status with headers, or a connection that is torn down. */
export interface Trouble {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
}

const TYPES: Readonly<Record<string, 1 | 2>> = {
  'application/x-protobuf': 1,
  'application/x-protobuf;proto=prometheus.WriteRequest': 1,
  'application/x-protobuf;proto=io.prometheus.write.v2.Request': 2,
}

export class Receiver extends Peer {
  /** By labels as text. Native histograms stand under their count. */
  readonly series = new Map<string, Kept[]>()
  readonly requests: {
    readonly version: 1 | 2
    readonly headers: IncomingMessage['headers']
    readonly samples: number
  }[] = []
  readonly metadata: ReadRequest['metadata'][number][] = []
  /** Values of exemplars, by labels as text. */
  readonly exemplars = new Map<string, number[]>()
  /** Asked for each request, in order; undefined: it is taken. */
  trouble: (request: number) => Trouble | undefined = () => undefined
  /** 2.0 without the headers that say what was written. */
  silent = false
  /** Time before an answer. */
  delay_ms = 0
  most = 0
  /** Samples that came too late, or again. */
  refused = 0
  repeated = 0
  #running = 0

  /** When nothing is under way, nor on its way to us. */
  async idle(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, 100))
    while (this.#running > 0)
  }

  get samples(): number {
    return [...this.series.values()].reduce((sum, kept) => sum + kept.length, 0)
  }

  get sum(): number {
    return [...this.series.values()].flat().reduce((sum, { value }) => sum + value, 0)
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { trouble: asked } = this
    this.most = Math.max(this.most, ++this.#running)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (this.delay_ms > 0) await new Promise((resolve) => setTimeout(resolve, this.delay_ms))
    this.#running--
    const trouble = asked(this.requests.length)
    const version = TYPES[request.headers['content-type'] ?? '']
    if (request.method !== 'POST') response.writeHead(405).end()
    else if (version === undefined || request.headers['content-encoding'] !== 'snappy') response.writeHead(415).end()
    else {
      const read = readRequest(version, snappy.uncompress(Uint8Array.from(Buffer.concat(chunks))))
      this.requests.push({ version, headers: request.headers, samples: read.series.filter(hasSample).length })
      if (trouble !== undefined) response.writeHead(trouble.status, trouble.headers).end('trouble')
      else this.#take(version, read, response)
    }
  }

  /** 1.0: a sample out of order spoils its request; 2.0: the rest is kept. */
  #take(version: 1 | 2, { series, metadata }: ReadRequest, response: ServerResponse): void {
    this.metadata.push(...metadata)
    const bad = new Set<number>()
    const undo: (() => void)[] = []
    for (const [i, { labels, samples, histograms, exemplars }] of series.entries()) {
      const key = Labels.of(labels).toString()
      if (exemplars.length > 0)
        this.exemplars.set(key, [...(this.exemplars.get(key) ?? []), ...exemplars.map(({ value }) => value)])
      if (version === 2 && samples.length + histograms.length === 0) bad.add(i)
      const kept = this.series.get(key) ?? []
      this.series.set(key, kept)
      const all = [
        ...samples.map(({ value = 0, timestamp = 0 }) => ({ time_ms: timestamp, value })),
        ...histograms.map(({ timestamp, count_int, count_float }) => ({
          time_ms: timestamp,
          value: count_int ?? count_float ?? 0,
        })),
      ]
      for (const one of all) {
        const last = kept.at(-1)
        if (
          last !== undefined &&
          (one.time_ms < last.time_ms || (one.time_ms === last.time_ms && !Object.is(one.value, last.value)))
        )
          bad.add(i)
        else if (last?.time_ms !== one.time_ms) {
          kept.push(one)
          undo.push(() => kept.pop())
        } else this.repeated++
      }
    }
    this.refused += bad.size
    const written = {
      'x-prometheus-remote-write-samples-written': String(series.filter(hasSample).length - bad.size),
      'x-prometheus-remote-write-histograms-written': '0',
    }
    if (bad.size > 0 && version === 1) for (const back of undo) back()
    const status = bad.size > 0 ? 400 : 204
    response
      .writeHead(status, version === 2 && !this.silent ? written : {})
      .end(status === 400 ? 'out of order sample' : '')
  }
}

function hasSample({ samples, histograms }: ReadSeries): boolean {
  return samples.length + histograms.length > 0
}
