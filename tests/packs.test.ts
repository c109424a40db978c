// The rule packs that are on by default: they load, Prometheus takes the plain ones, and each finds the series it is for.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { silentMeter } from '#core/ports/meter.ts'
import { SampleBuilder } from '#core/sample.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'
import { Store } from '#core/store/store.ts'

import { readRules } from '../app/rules.ts'
import { createQueryEngine } from '../query/index.ts'
import { emittedSeries } from './dashboards/emitted.ts'
import { SERIES } from './packs/sent.ts'

const FOLDER = join(import.meta.dirname, '../rules')
const MINUTES = 20

/** How many series each learned rule follows there, so that a sender that is missed or counted twice shows. */
const FOLLOWED: Readonly<Record<string, number>> = {
  BarographInputSlow: 1,
  BarographIntakeLost: 1,
  BarographSeriesUnusual: 1,
  DbLatencyUnusual: 1,
  ElasticsearchHeapUnusual: 2,
  ElasticsearchIndexingUnusual: 2,
  ElasticsearchQueryLatencyUnusual: 2,
  // Neither our own nor single buckets, nor what never varies.
  EverySeries: SERIES.filter(([metric]) => !/^barograph_|_bucket$|_info$/.test(metric)).length,
  HostCpuUnusual: 2,
  HostMemoryUnusual: 2,
  HostNetworkUnusual: 2,
  HttpErrorsUnusual: 1,
  HttpLatencyUnusual: 1,
  HttpTrafficLost: 1,
  JvmCollectingUnusual: 3,
  JvmHeapUnusual: 3,
  JvmThreadsUnusual: 3,
  KafkaConsumedUnusual: 2,
  KafkaConsumerLagUnusual: 2,
  KafkaProducedUnusual: 2,
  KubernetesCpuUnusual: 2,
  KubernetesMemoryUnusual: 2,
  KubernetesReplicasUnusual: 2,
  KubernetesRestartsUnusual: 2,
  MqttConnectionsUnusual: 3,
  MqttMessagesUnusual: 3,
  NatsJetStreamPendingUnusual: 1,
  NatsJetStreamRedeliveriesUnusual: 1,
  NatsMessagesUnusual: 1,
  NodeCpuUnusual: 1,
  NodeDiskUnusual: 1,
  NodeMemoryUnusual: 1,
  NodeNetworkUnusual: 1,
  NodejsEventLoopUnusual: 2,
  NodejsHeapUnusual: 2,
  ProcessCpuUnusual: 2,
  ProcessMemoryUnusual: 2,
  RpcErrorsUnusual: 2,
  RpcLatencyUnusual: 2,
  RpcTrafficLost: 2,
}

function storeWith(series: typeof SERIES): Store {
  const store = new Store({ analysis_ms: () => undefined, meter: silentMeter })
  const batch = new SampleBuilder()
  for (const [metric, labels] of series) {
    const id = store.resolve({
      labels: Labels.of({ ...labels, [METRIC_NAME]: metric }),
      type: 'unknown',
      unit: '',
      help: '',
      kind: 'float',
      bounds: new Float64Array(0),
    })
    for (let minute = 1; minute <= MINUTES; minute++) batch.float(id, minute * 60_000, minute)
  }
  store.append(batch.batch())
  return store
}

const query = createQueryEngine({ readers: [storeWith(SERIES)] })
const { groups, problems } = readRules([FOLDER], query)
const rules = groups.flatMap((group) => group.rules)
const files = globSync('*.yml', { cwd: FOLDER }).toSorted()

test('the packs load without a problem', () => {
  expect(problems).toEqual([])
  expect(rules.length).toBeGreaterThan(20)
})

test('a rule has a name of its own', () => {
  const names = rules.map(({ name }) => name)
  expect(names).toEqual([...new Set(names)])
})

test('each rule says why it is there', () => {
  const silent = files
    .filter((file) => !file.endsWith('.test.yml'))
    .flatMap((file) => {
      const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n')
      return lines.filter((line, i) => /^ {6}- \w+:/.test(line) && !/^ {6}# /.test(lines[i - 1] ?? ''))
    })
  expect(silent).toEqual([])
})

test('each learned rule follows the series that it is for, of every sender once', async () => {
  const followed: Record<string, number> = {}
  for (const { kind, name, expr } of rules) {
    if (kind !== 'anomaly') continue
    const result = await query.instant(expr, MINUTES * 60_000)
    followed[name] = result.type === 'vector' ? result.series.length : 0
  }
  expect(followed).toEqual(FOLLOWED)
})

test('every series is scored as its samples come, and opens nothing alone', () => {
  const plain = rules.flatMap((rule) => (rule.kind === 'anomaly' && rule.spec.plain !== null ? [rule] : []))
  expect(plain.map(({ name }) => name)).toContain('EverySeries')
  expect(
    rules.flatMap((rule) => (rule.kind === 'anomaly' && rule.name === 'EverySeries' ? [rule.spec.evidence] : [])),
  ).toEqual([true])
})

test('rules about Barograph ask for series that it makes', () => {
  const asked = files.flatMap(
    (file) => readFileSync(join(FOLDER, file), 'utf8').match(/\bbarograph_\w+(?=[{[\s)])/g) ?? [],
  )
  const made = emittedSeries()
  expect([...new Set(asked)].filter((name) => !made.has(name))).toEqual([])
})

test('a service without a single error has the ratio 0, so that its first errors are judged', async () => {
  const rule = rules.find(({ name }) => name === 'HttpErrorsUnusual')
  const result = await query.instant(rule!.expr, MINUTES * 60_000)
  expect(result.type === 'vector' && Array.from(result.series[0]!.value)).toEqual([0])
})

const promtool = spawnSync('promtool', ['--version']).error === undefined

test.skipIf(!promtool)('Prometheus takes the plain files and their tests (needs promtool)', () => {
  const plain = files.filter((file) => file.endsWith('.rules.yml'))
  const tests = files.filter((file) => file.endsWith('.rules.test.yml'))
  expect(tests).toEqual(plain.map((file) => file.replace('.rules.yml', '.rules.test.yml')))
  for (const args of [
    ['check', 'rules', ...plain],
    ['test', 'rules', ...tests],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' })
    expect({ args, status, ...(status !== 0 && { stdout, stderr }) }).toEqual({ args, status: 0 })
  }
})
