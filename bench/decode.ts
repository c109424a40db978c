// OTLP metrics from bytes to samples of known series, beside what others make of the same bytes: `npm run bench -- decode [--runs N]`.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { requests } from '../collector/wire/schema.ts'
import { toOtlpJson } from '../collector/wire/to-json.ts'
import { median, pinned, report } from './measure.ts'
import { Payload, SHAPES } from './payload.ts'

const SERIES = 100_000
const ROUNDS = 3
/** As `decode/contender.ts` knows them. */
const CONTENDERS = [
  'barograph protobuf',
  'barograph JSON',
  'protobufjs, no walk',
  'protobuf-es, no walk',
  'JSON.parse, no walk',
] as const
const REFERENCE = 'protobufjs, no walk'

/** Bodies of so many points, for contenders to decode: in a folder, until it ends. */
export class Bodies {
  readonly #points: 2000 | 10_000
  readonly #folder = mkdtempSync(join(tmpdir(), 'barograph-bench-'))

  constructor(points: 2000 | 10_000, { json }: { readonly json: boolean }) {
    this.#points = points
    const payload = new Payload({ ...SHAPES[points], bodies: SERIES / points })
    for (let round = 0, number = 1000; round < ROUNDS; round++) {
      for (const body of payload.round(round)) {
        const file = join(this.#folder, String(number++))
        writeFileSync(`${file}.pb`, body)
        if (json) writeFileSync(`${file}.json`, JSON.stringify(toOtlpJson(body, requests.metrics)))
      }
    }
  }

  /** CPU time that a point costs, in ns, all threads, in a fresh process on one core. */
  async cost(name: (typeof CONTENDERS)[number]): Promise<number> {
    const script = join(import.meta.dirname, 'decode/contender.ts')
    const command = [process.execPath, script, name, String(this.#points), this.#folder]
    const [program, ...args] = pinned(0, command)
    const { stdout } = await promisify(execFile)(program!, args)
    return (JSON.parse(stdout) as { cpu_ns_per_point: number }).cpu_ns_per_point
  }

  end(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

async function compare(points: 2000 | 10_000, runs: number): Promise<void> {
  const bodies = new Bodies(points, { json: true })
  const costs = new Map<string, number[]>(CONTENDERS.map((name) => [name, []]))
  try {
    // Interleaved, so that a slow minute of the machine hits all alike.
    for (let run = 0; run < runs; run++) {
      for (const name of CONTENDERS) costs.get(name)!.push(await bodies.cost(name))
    }
  } finally {
    bodies.end()
  }
  const reference = median(costs.get(REFERENCE)!)
  for (const [name, all] of costs) {
    const ns = median(all)
    report({
      bench: 'decode',
      points_of_body: points,
      decoder: name,
      cpu_ns_per_point: Math.round(ns),
      of_protobufjs: Number((ns / reference).toFixed(4)),
    })
  }
}

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '3' } } })
  for (const points of [2000, 10_000] as const) await compare(points, Number(values.runs))
}
