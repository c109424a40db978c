import { type Random, seeded } from '#core/random.ts'

export interface PayloadOptions {
  readonly seed?: number
  /** Points of a body: resources × metrics × points of a metric. */
  readonly resources: number
  readonly metrics: number
  readonly points: number
  /** How many of the metrics are histograms of 15 buckets; the others are half integer sums, half double gauges. */
  readonly histograms?: number
  /** Bodies of a round; each has series of its own. */
  readonly bodies: number
  /** Points of a metric stand in another order each round. */
  readonly shuffled?: boolean
  /** Between rounds; 10 s where nothing is said. */
  readonly step_ms?: number
}

/** Bodies of 2 000 number points, as the Collector's load generator sends them, and small and large ones beside them. */
export const SHAPES = {
  2000: { resources: 10, metrics: 4, points: 50 },
  170: { resources: 1, metrics: 17, points: 10 },
  10000: { resources: 10, metrics: 20, points: 50, histograms: 4 },
} as const

export const START_MS = 1_790_000_000_000
const BOUNDS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]

type Part = Uint8Array | readonly Part[]

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return Uint8Array.from([...bytes, rest])
}

function flat(part: Part, into: Uint8Array[]): void {
  if (part instanceof Uint8Array) into.push(part)
  else for (const inner of part) flat(inner, into)
}

function bytesOf(...parts: readonly Part[]): Buffer {
  const list: Uint8Array[] = []
  flat(parts, list)
  return Buffer.concat(list)
}

function field(number: number, ...content: readonly Part[]): Buffer {
  const inside = bytesOf(...content)
  return bytesOf(varint(number * 8 + 2), varint(inside.length), inside)
}

const text = (number: number, value: string): Buffer => field(number, Buffer.from(value))
const attribute = (number: number, key: string, value: string): Buffer => {
  return field(number, text(1, key), field(2, text(1, value)))
}

function fixed(number: number, value = 0n): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = number * 8 + 1
  bytes.writeBigUInt64LE(value, 1)
  return bytes
}

function doubles(number: number, values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, i * 8)
  return field(number, bytes)
}

type Kind = 'sum' | 'gauge' | 'histogram'

/** A series of the payload: what never changes of its points, and where its numbers are. */
interface Series {
  readonly kind: Kind
  readonly attributes: readonly (readonly [string, string])[]
  value: number
}

interface Metric {
  readonly name: string
  readonly kind: Kind
  readonly series: Series[]
}

interface Resource {
  readonly attributes: readonly (readonly [string, string])[]
  readonly metrics: readonly Metric[]
}

function kindAt(metric: number, histograms: number): Kind {
  if (metric < histograms) return 'histogram'
  return metric % 2 === 0 ? 'sum' : 'gauge'
}

function resourceOf(options: PayloadOptions, body: number, number: number, random: Random): Resource {
  const pod = body * options.resources + number
  const attributes = [
    ['service.name', `checkout-${pod % 40}`],
    ['service.namespace', 'shop'],
    ['service.instance.id', `instance-${String(pod).padStart(8, '0')}`],
    ['k8s.namespace.name', 'production'],
    ['k8s.pod.name', `checkout-7d9f8b6c5-${String(pod).padStart(6, '0')}`],
    ['k8s.node.name', `node-${pod % 200}`],
    ['deployment.environment.name', 'production'],
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.version', '2.11.0'],
    ['cloud.region', 'cn-hangzhou'],
  ] as const
  const metrics = Array.from({ length: options.metrics }, (_, metric) => {
    const kind = kindAt(metric, options.histograms ?? 0)
    const series = Array.from({ length: options.points }, (__, point) => ({
      kind,
      attributes: [
        ['http.request.method', ['GET', 'POST', 'PUT', 'DELETE'][point % 4]!],
        ['http.route', `/api/v1/resources/${Math.floor(point / 4)}/items`],
        ['http.response.status_code', String(200 + (point % 5))],
        ['network.protocol.version', '1.1'],
        ['server.address', `shard-${point % 10}.internal.example`],
        ['url.scheme', 'https'],
      ] as const,
      value: Math.floor(random() * 1e6),
    }))
    return { name: `http.server.${kind}.requests.${metric}`, kind, series }
  })
  return { attributes, metrics }
}

const DATA = { sum: 7, gauge: 5, histogram: 9 } as const

function numberPoint({ kind, attributes }: Series): Buffer {
  const own = attributes.map(([key, value]) => attribute(7, key, value))
  return field(1, own, fixed(2, BigInt(START_MS) * 1_000_000n), fixed(3), fixed(kind === 'sum' ? 6 : 4))
}

function histogramPoint({ attributes }: Series): Buffer {
  const own = attributes.map(([key, value]) => attribute(9, key, value))
  const counts = BOUNDS.concat(0).map((_, i) => fixed(0, BigInt(i)).subarray(1))
  return field(1, own, fixed(2), fixed(3), fixed(4, 105n), fixed(5), field(6, ...counts), doubles(7, BOUNDS))
}

/**
 * One body that is written once and changed in place: each round has its own times and values. Values move as those of
 * services do: counters grow, gauges walk with two decimals.
 */
class Body {
  readonly #resources: readonly Resource[]
  readonly #random: Random
  readonly #shuffled: boolean
  readonly #step_ms: number
  #bytes = Buffer.alloc(0)
  /** Offsets of times and values of each point, in order. */
  #times: number[] = []
  #values: number[] = []
  #series: Series[] = []

  constructor(options: PayloadOptions, number: number) {
    this.#random = seeded((options.seed ?? 1) * 1000 + number)
    this.#shuffled = options.shuffled ?? false
    this.#step_ms = options.step_ms ?? 10_000
    this.#resources = Array.from({ length: options.resources }, (_, i) => resourceOf(options, number, i, this.#random))
    this.#write()
  }

  round(number: number): Buffer {
    if (this.#shuffled && number > 0) this.#shuffle()
    const time = BigInt(START_MS + number * this.#step_ms) * 1_000_000n
    for (const [i, series] of this.#series.entries()) {
      this.#bytes.writeBigUInt64LE(time, this.#times[i])
      if (series.kind === 'sum') {
        series.value += Math.floor(this.#random() * 100)
        this.#bytes.writeBigInt64LE(BigInt(series.value), this.#values[i])
      } else {
        series.value = Math.round((series.value + this.#random() * 20 - 10) * 100) / 100
        this.#bytes.writeDoubleLE(series.value, this.#values[i])
      }
    }
    return this.#bytes
  }

  #shuffle(): void {
    for (const { metrics } of this.#resources) {
      for (const { series } of metrics) {
        for (let i = series.length - 1; i > 0; i--) {
          const other = Math.floor(this.#random() * (i + 1))
          ;[series[i], series[other]] = [series[other]!, series[i]!]
        }
      }
    }
    this.#write()
  }

  #write(): void {
    this.#times = []
    this.#values = []
    this.#series = []
    const resources = this.#resources.map((resource) => this.#resource(resource))
    const starts = resources.map((bytes, i) => ({ bytes, at: i }))
    this.#bytes = Buffer.concat(resources)
    let at = 0
    for (const { bytes } of starts) {
      this.#find(at, at + bytes.length)
      at += bytes.length
    }
    for (const { metrics } of this.#resources) for (const { series } of metrics) this.#series.push(...series)
  }

  #resource({ attributes, metrics }: Resource): Buffer {
    const written = metrics.map(({ name, kind, series }) => {
      const points = series.map((one) => (kind === 'histogram' ? histogramPoint(one) : numberPoint(one)))
      const timing = kind === 'gauge' ? [] : [Uint8Array.of(16, 2), ...(kind === 'sum' ? [Uint8Array.of(24, 1)] : [])]
      return field(2, text(1, name), text(2, 'Requests'), text(3, '1'), field(DATA[kind], ...points, ...timing))
    })
    const own = attributes.map(([key, value]) => attribute(1, key, value))
    return field(1, field(1, ...own), field(2, field(1, text(1, 'bench')), ...written))
  }

  /** Takes down where the times and values are: the tags of both are told by what stands before them. */
  #find(from: number, to: number): void {
    const walk = (start: number, end: number, path: string): void => {
      for (let at = start; at < end;) {
        const tag = this.#bytes[at]!
        const number = tag >> 3
        if ((tag & 7) === 1) {
          const inHistogram = path.endsWith('/9/1')
          if (number === 3) this.#times.push(at + 1)
          else if (inHistogram ? number === 5 : number === 4 || number === 6) this.#values.push(at + 1)
          at += 9
        } else if ((tag & 7) === 0) at += 2
        else {
          let size = 0
          let shift = 1
          let next = at + 1
          do {
            size += (this.#bytes[next]! & 127) * shift
            shift *= 128
          } while (this.#bytes[next++]! > 127)
          const here = `${path}/${number}`
          if (/^\/1(\/2(\/2(\/(5|7|9)(\/1)?)?)?)?$/.test(here)) walk(next, next + size, here)
          at = next + size
        }
      }
    }
    walk(from, to, '')
  }
}

/** Seeded bodies of `ExportMetricsServiceRequest`, round after round. */
export class Payload {
  readonly #bodies: readonly Body[]
  readonly points: number

  constructor(options: PayloadOptions) {
    this.#bodies = Array.from({ length: options.bodies }, (_, i) => new Body(options, i))
    this.points = options.resources * options.metrics * options.points
  }

  /** The bodies of a round. Each is changed by the next round: copy what is to stay. */
  *round(number: number): Generator<Buffer> {
    for (const body of this.#bodies) yield body.round(number)
  }
}
