// Demo series as bodies of remote write 1.0.
import snappy from 'snappyjs'

import { BYTES, FIXED64, ProtoWriter, VARINT } from '../../../upstream/wire/proto-writer.ts'
import { type NativePoint, type NativeSeries, SERIES, STEP_MS, STEPS } from './demo.ts'

/** Steps of one body: in the order of time, as a server that is written to wants it. */
const STEPS_OF_BODY = 40

function message(fill: (out: ProtoWriter) => void): Uint8Array {
  const out = new ProtoWriter()
  fill(out)
  return out.copy()
}

function writeLabels(out: ProtoWriter, labels: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(labels).toSorted(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )) {
    out.bytes(
      1,
      message((pair) => {
        pair.text(1, name)
        pair.text(2, value)
      }),
    )
  }
}

function writeSide(out: ProtoWriter, field: number, first: number, counts: readonly number[]): void {
  if (counts.length === 0) return
  out.bytes(
    field,
    message((span) => {
      span.tag(1, VARINT)
      span.sint64(first)
      span.tag(2, VARINT)
      span.varint(counts.length)
    }),
  )
  out.bytes(
    field + 1,
    message((deltas) => {
      for (const [i, count] of counts.entries()) deltas.sint64(count - (counts[i - 1] ?? 0))
    }),
  )
}

function nativeMessage(point: NativePoint, time_ms: number): Uint8Array {
  const count = [point.zero, ...point.positive, ...point.negative].reduce((sum, one) => sum + one, 0)
  return message((out) => {
    out.tag(1, VARINT)
    out.varint(count)
    out.tag(3, FIXED64)
    out.double(point.sum)
    out.tag(4, VARINT)
    out.sint64(point.schema)
    out.tag(5, FIXED64)
    out.double(point.threshold ?? 0.001)
    out.tag(6, VARINT)
    out.varint(point.zero)
    writeSide(out, 8, point.first, point.negative)
    writeSide(out, 11, point.first, point.positive)
    out.tag(15, VARINT)
    out.int64(time_ms)
  })
}

function endOfHistogram(time_ms: number): Uint8Array {
  return message((out) => {
    out.tag(3, FIXED64)
    out.staleNaN()
    out.tag(15, VARINT)
    out.int64(time_ms)
  })
}

/** A sample at a time. */
export interface Sample {
  readonly time_ms: number
  readonly point: number | 'stale' | NativePoint | 'stale histogram'
}

/** A `TimeSeries`: floats and histograms as they come. */
export function seriesMessage(labels: Readonly<Record<string, string>>, samples: readonly Sample[]): Uint8Array {
  return message((out) => {
    writeLabels(out, labels)
    for (const { time_ms, point } of samples) {
      if (typeof point === 'object') out.bytes(4, nativeMessage(point, time_ms))
      else if (point === 'stale histogram') out.bytes(4, endOfHistogram(time_ms))
      else
        out.bytes(
          2,
          message((sample) => sample.sample(time_ms, point === 'stale' ? 0 : point, point === 'stale')),
        )
    }
  })
}

/** A request of these series, as it goes over the wire. */
export function requestOf(messages: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const body = message((out) => {
    for (const one of messages) {
      out.tag(1, BYTES)
      out.varint(one.length)
      out.raw(one)
    }
  })
  return snappy.compress(Buffer.from(body))
}

function* series(begin_ms: number, steps: readonly number[], native: readonly NativeSeries[]): Generator<Uint8Array> {
  for (const { labels, point } of [...SERIES, ...native]) {
    const samples = steps.flatMap((step): Sample[] => {
      const here = point(step)
      return here === 'none' ? [] : [{ time_ms: begin_ms + step * STEP_MS, point: here }]
    })
    if (samples.length > 0) yield seriesMessage(labels, samples)
  }
}

/** All demo series and these histograms from `begin_ms` on, in bodies that follow each other. */
export function* bodiesFrom(begin_ms: number, native: readonly NativeSeries[]): Generator<Uint8Array<ArrayBuffer>> {
  for (let first = 0; first < STEPS; first += STEPS_OF_BODY) {
    const steps = Array.from({ length: STEPS_OF_BODY }, (_, i) => first + i)
    yield requestOf(series(begin_ms, steps, native))
  }
}

/** Sends a body; throws what the server says when it does not take it. */
export async function write(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body,
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
}
