// One way to read OTLP metrics, in a process of its own: `node bench/decode/contender.ts NAME POINTS FOLDER` prints what a point costs of the
// bodies in the folder, which have so many. It does nothing else: what makes many short-lived objects is cheap in a process whose young
// generation others have grown.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

import { type OtlpRequest } from '#core/ports/intake.ts'
import { silentMeter } from '#core/ports/meter.ts'
import { atOnce } from '#core/steps.ts'
import { Store } from '#core/store/store.ts'

import { createDecoder } from '../../collector/index.ts'
import { decodeMessage, descriptorSet } from '../../collector/testing/otlp.fixture.ts'
import { report } from '../measure.ts'

const PASSES = 2

/** Reads a body; returns something that depends on what was read. */
type Read = (body: Buffer) => number

function ours(encoding: OtlpRequest['encoding']): Read {
  const limits = { series: 1_000_000, series_per_metric: 1_000_000 }
  const store = new Store({ limits, analysis_ms: () => undefined, meter: silentMeter })
  const decoder = createDecoder({ meter: silentMeter })
  return (body) => {
    const { samples } = atOnce(decoder.decode({ kind: 'otlp', signal: 'metrics', encoding, body }, store))
    return samples.floats.length + samples.histograms.length
  }
}

function protobufEs(): Read {
  const { bytes, name } = descriptorSet('metrics')
  const schema = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).getMessage(name)!
  return (body) => Object.keys(fromBinary(schema, body)).length
}

const CONTENDERS: ReadonlyMap<string, () => Read> = new Map([
  ['barograph protobuf', () => ours('proto')],
  ['barograph JSON', () => ours('json')],
  ['protobufjs, no walk', () => (body: Buffer) => Object.keys(decodeMessage('metrics', body)).length],
  ['protobuf-es, no walk', protobufEs],
  ['JSON.parse, no walk', () => (body: Buffer) => Object.keys(JSON.parse(body.toString()) as object).length],
])

const [name = '', points = '', folder = ''] = process.argv.slice(2)
const read = CONTENDERS.get(name)!()
const suffix = name.includes('JSON') ? '.json' : '.pb'
const bodies = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .toSorted()
  .map((file) => readFileSync(join(folder, file)))
let sink = 0
const pass = (): void => {
  for (const body of bodies) sink += read(body)
}
// Fills tables and warms up.
pass()
const before = process.cpuUsage()
for (let i = 0; i < PASSES; i++) pass()
const { user, system } = process.cpuUsage(before)
if (sink === 0) throw new Error(`${name} read nothing`)
report({ cpu_ns_per_point: ((user + system) * 1000) / (bodies.length * Number(points) * PASSES) })
