// Who the series are, and how fast they are found: 100 k series of 10 labels, as a small cluster would have them.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { Matcher } from '#core/ports/series-reader.ts'
import { Labels, type SeriesDefinition } from '#core/series.ts'
import { atOnce } from '#core/steps.ts'
import { ByteReader, ByteWriter } from '#core/store/bytes.ts'
import { STORE_LIMITS } from '#core/store/limits.ts'
import { Matching } from '#core/store/matching.ts'
import { SeriesTable } from '#core/store/series-table.ts'

const NO_BOUNDS = new Float64Array(0)
const METRICS = 50
const LIMITS = { ...STORE_LIMITS, series: Infinity, series_per_metric: Infinity }

/** Series `i`: pods have a service, services a job, each pod all metrics, and one of them for each route and code. */
function definition(i: number): SeriesDefinition {
  const pod = Math.floor(i / 100)
  const within = i % 100
  const service = pod % 40
  return {
    labels: Labels.of({
      __name__: `http_server_${within % METRICS}_total`,
      http_request_method: within % 2 === 0 ? 'GET' : 'POST',
      http_response_status_code: String(200 + 100 * (Math.floor(within / METRICS) % 4)),
      http_route: `/api/v1/resource-${within % 25}`,
      instance: `10.0.${pod >>> 8}.${pod & 255}:8080`,
      job: `shop/service-${service}`,
      k8s_namespace_name: `team-${service % 8}`,
      k8s_pod_name: `service-${service}-6d4cf56db6-${pod.toString(36).padStart(5, 'x')}`,
      service_name: `service-${service}`,
      zone: `eu-${pod % 3}`,
    }),
    type: 'counter',
    unit: '{request}',
    help: 'Requests served, by method, route and code.',
    kind: 'float',
    bounds: NO_BOUNDS,
  }
}

const m = (name: string, op: Matcher['op'], value: string): Matcher => ({ name, op, value })
const metric = m('__name__', '=', 'http_server_7_total')

const QUERIES: Readonly<Record<string, readonly Matcher[]>> = {
  equality: [metric],
  intersection: [metric, m('service_name', '=', 'service-3'), m('zone', '=', 'eu-1')],
  alternation: [metric, m('k8s_namespace_name', '=~', 'team-1|team-3|team-5')],
  prefix: [metric, m('k8s_pod_name', '=~', 'service-1-.*')],
  regex_scan: [m('k8s_pod_name', '=~', 'service-[12]\\d-.*x[0-9]+')],
  regex_of_metric: [metric, m('k8s_pod_name', '=~', 'service-[12]\\d-.*x[0-9]+')],
  negative: [metric, m('http_response_status_code', '!=', '200')],
  negative_regex: [metric, m('service_name', '!~', 'service-1.*')],
  absent: [metric, m('deployment', '=', '')],
}

/** CPU of this process in ms: what the neighbours do does not count. */
function cpu_ms(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) gc()
}

/** Bytes of objects that are in use. */
function heap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** The median of five runs of about 40 ms each, in ns a call. */
function nsPerCall(call: () => void): number {
  let calls = 1
  for (let spent = 0; spent < 20; calls *= 2) {
    const before = cpu_ms()
    for (let i = 0; i < calls; i++) call()
    spent = cpu_ms() - before
  }
  const runs = Array.from({ length: 5 }, () => {
    const before = cpu_ms()
    for (let i = 0; i < calls; i++) call()
    return ((cpu_ms() - before) * 1e6) / calls
  })
  return Math.round(runs.toSorted((a, b) => a - b)[2]!)
}

function print(figure: string, values: Readonly<Record<string, number>>): void {
  process.stdout.write(`${JSON.stringify({ bench: 'select', figure, ...values })}\n`)
}

function filled(count: number): SeriesTable {
  const empty = heap()
  const table = new SeriesTable(LIMITS, { add() {} })
  let made_ms = 0
  let added_ms = 0
  for (let i = 0; i < count; i += 1000) {
    const start = cpu_ms()
    const definitions = Array.from({ length: Math.min(1000, count - i) }, (_, k) => definition(i + k))
    const between = cpu_ms()
    for (const one of definitions) if (table.find(one) === undefined) table.add(one)
    made_ms += between - start
    added_ms += cpu_ms() - between
  }
  const objects = Math.max(0, heap() - empty)
  const per = (bytes: number): number => Math.round(bytes / count)
  print('add', {
    series: count,
    ns: Math.round((added_ms * 1e6) / count),
    labels_ns: Math.round((made_ms * 1e6) / count),
  })
  print('memory', {
    series: count,
    bytes: per(objects + table.bytes),
    objects: per(objects),
    columns: per(table.bytes),
  })
  return table
}

function selections(table: SeriesTable): void {
  const matching = new Matching()
  for (const [name, matchers] of Object.entries(QUERIES)) {
    const run = (): number => {
      const tests = matchers.map((one) => matching.test(one))
      return atOnce(table.index.finding(tests, 'le')).length
    }
    const results = run()
    const ns = nsPerCall(run)
    print(name, { results, ns, ns_result: Math.round((ns / Math.max(1, results)) * 100) / 100 })
  }
}

function identities(table: SeriesTable, count: number): void {
  const some = Array.from({ length: 5000 }, (_, i) => definition((i * 7919) % count))
  let next = 0
  print('find', { ns: nsPerCall(() => table.find(some[next++ % some.length]!)) })
  print('definition_repeated', { ns: nsPerCall(() => table.definition(next++ % 2000)) })
  print('definition_anew', { ns: nsPerCall(() => table.definition((next++ * 7919) % count)) })
}

/** New series, each with a value never seen, at a table that is full. */
function flood(count: number): void {
  let refused = 0
  const table = new SeriesTable({ ...LIMITS, series: 1000 }, { add: (n) => (refused += n) })
  for (let i = 0; i < 1000; i++) table.add(definition(i))
  const definitions = Array.from({ length: 20_000 }, (_, i) => definition(1e6 + i * 100))
  const before = heap() + table.bytes
  const start = cpu_ms()
  for (let i = 0; i < count; i++) {
    const one = definitions[i % definitions.length]!
    try {
      if (table.find(one) === undefined) table.add(one)
    } catch {
      // That is what is measured.
    }
  }
  const spent = cpu_ms() - start
  const grown_bytes = heap() + table.bytes - before
  const per_second = Math.round(refused / (spent / 1000))
  print('refused', { points: refused, of: definitions.length, per_second, grown_bytes })
}

function snapshots(table: SeriesTable): void {
  const writer = new ByteWriter()
  const saves = Array.from({ length: 5 }, () => {
    writer.clear()
    const start = cpu_ms()
    Array.from(table.saving(writer))
    table.saveEnded(writer)
    return cpu_ms() - start
  })
  const bytes = writer.copy()
  const loads = Array.from({ length: 5 }, () => {
    const other = new SeriesTable(LIMITS, { add() {} })
    const start = cpu_ms()
    other.load(new ByteReader(bytes))
    return cpu_ms() - start
  })
  const middle = (list: readonly number[]): number => Math.round(list.toSorted((a, b) => a - b)[2]! * 10) / 10
  print('snapshot', {
    series: table.length,
    save_ms: middle(saves),
    first_save_ms: Math.round(saves[0]! * 10) / 10,
    load_ms: middle(loads),
    first_load_ms: Math.round(loads[0]! * 10) / 10,
    bytes: bytes.length,
  })
}

/** `npm run bench -- select [series]`. */
export async function bench(args: readonly string[]): Promise<void> {
  const count = Number(args[0] ?? 100_000)
  const table = filled(count)
  identities(table, count)
  selections(table)
  snapshots(table)
  flood(300_000)
}
