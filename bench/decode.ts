// OTLP metrics from bytes to samples of known series, beside what others make of the same bytes: `npm run bench -- decode`.
import { parseArgs } from 'node:util'

import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

import { type OtlpRequest } from '#core/ports/intake.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { Store } from '#core/store/store.ts'

import { createDecoder } from '../collector/index.ts'
import { decodeMessage, descriptorSet } from '../collector/testing/otlp.fixture.ts'
import { requests } from '../collector/wire/schema.ts'
import { toOtlpJson } from '../collector/wire/to-json.ts'
import { median, report } from './measure.ts'
import { Payload, SHAPES } from './payload.ts'

const SERIES = 100_000
const ROUNDS = 3

interface Contender {
  readonly name: string
  /** Reads a body; returns something that depends on what was read. */
  readonly read: (body: Body) => number
}

interface Body {
  readonly proto: Buffer
  readonly json: Buffer
}

function ours(encoding: OtlpRequest['encoding']): (body: Body) => number {
  const limits = { series: 1_000_000, series_per_metric: 1_000_000 }
  const store = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
  const decoder = createDecoder({ meter: silentMeter })
  return (body) => {
    const { samples } = decoder.decode({ kind: 'otlp', signal: 'metrics', encoding, body: body[encoding] }, store)
    return samples.floats.length + samples.histograms.length
  }
}

function protobufEs(): (body: Body) => number {
  const { bytes, name } = descriptorSet('metrics')
  const schema = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).getMessage(name)!
  return ({ proto }) => Object.keys(fromBinary(schema, proto)).length
}

const CONTENDERS: readonly Contender[] = [
  { name: 'barograph protobuf', read: ours('proto') },
  { name: 'barograph JSON', read: ours('json') },
  { name: 'protobufjs, no walk', read: ({ proto }) => Object.keys(decodeMessage('metrics', proto)).length },
  { name: 'protobuf-es, no walk', read: protobufEs() },
  { name: 'JSON.parse, no walk', read: ({ json }) => Object.keys(JSON.parse(json.toString()) as object).length },
]

function bodiesOf(points: keyof typeof SHAPES): Body[] {
  const shape = SHAPES[points]
  const size = shape.resources * shape.metrics * shape.points
  const payload = new Payload({ ...shape, bodies: SERIES / size })
  return Array.from({ length: ROUNDS }, (_, round) =>
    [...payload.round(round)].map((body) => {
      return { proto: Buffer.from(body), json: Buffer.from(JSON.stringify(toOtlpJson(body, requests.metrics))) }
    }),
  ).flat()
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '5' } } })
  for (const points of [2000, 10_000] as const) {
    const bodies = bodiesOf(points)
    const count = bodies.length * points
    const times = new Map<string, number[]>()
    for (let run = -1; run < Number(values.runs); run++) {
      for (const { name, read } of CONTENDERS) {
        let sink = 0
        const before = process.cpuUsage()
        for (const body of bodies) sink += read(body)
        const { user, system } = process.cpuUsage(before)
        if (sink === 0) throw new Error(`${name} read nothing`)
        // The first run fills tables and warms up.
        if (run >= 0) times.set(name, [...(times.get(name) ?? []), ((user + system) * 1000) / count])
      }
    }
    const reference = median(times.get('protobufjs, no walk')!)
    for (const [name, runs] of times) {
      const ns = median(runs)
      const ratio = Number((ns / reference).toFixed(4))
      report({
        bench: 'decode',
        points_of_body: points,
        decoder: name,
        cpu_ns_per_point: Math.round(ns),
        of_protobufjs: ratio,
      })
    }
  }
}
