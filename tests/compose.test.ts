// There need be no Docker: the files are held against the Compose specification, and against each other.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { configSchema, DEFAULTS } from '../app/config.ts'
import { loadConfig } from '../core/config/load.ts'

const ROOT = join(import.meta.dirname, '..')

interface Service {
  readonly image?: string
  readonly build?: { context: string; dockerfile: string }
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { test: readonly string[]; interval: string; timeout: string; retries: number }
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly restart?: string
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const compose = parse(read('docker-compose.yml')) as Compose
const services = Object.entries(compose.services)

/** A service that does its work and ends. */
const endsByItself = (name: string): boolean =>
  services.some(([, { depends_on }]) => depends_on?.[name]?.condition === 'service_completed_successfully')

function problemsOf(document: unknown): unknown[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const schema = JSON.parse(read('tests/fixtures/compose-spec.json')) as object
  return ajv.validate(schema, document) ? [] : (ajv.errors ?? [])
}

test.each(['docker-compose.yml', 'tests/interop/compose.yml'])('%s is valid by the Compose specification', (path) => {
  expect(problemsOf(parse(read(path)))).toEqual([])
})

test('the specification refuses what it does not know', () => {
  expect(problemsOf({ services: { kafka: { image: 'kafka', healtcheck: {} } } })).not.toEqual([])
})

test('the stack is Barograph and everything that it works with', () => {
  expect(services.map(([name]) => name).toSorted()).toEqual([
    'alertmanager',
    'barograph',
    'elasticsearch',
    'grafana',
    'kafka',
    'kafka-topics',
    'prometheus',
  ])
})

test('every image is pinned to a version', () => {
  const loose = services.filter(([, { image = '' }]) => !/:v?\d+\.\d+\.\d+$/.test(image))
  expect(loose.map(([name, { image }]) => `${name}: ${image}`)).toEqual([])
})

test('the peers of the stack are those that the interop tests talk to', () => {
  const interop = parse(read('tests/interop/compose.yml')) as Compose
  const differing = Object.entries(interop.services).filter(
    ([name, { image }]) => compose.services[name]?.image !== image,
  )
  expect(differing).toEqual([])
})

test('every service says when it is healthy, and starts after those that it needs', () => {
  const mute = services.filter(([name, { healthcheck }]) => healthcheck === undefined && !endsByItself(name))
  expect(mute.map(([name]) => name)).toEqual([])
  const needs = services.flatMap(([name, { depends_on = {} }]) =>
    Object.entries(depends_on).map(([on, { condition }]) => ({ name, on, condition })),
  )
  const unwatched = needs.filter(({ on, condition }) =>
    condition === 'service_healthy' ? compose.services[on]?.healthcheck === undefined : !endsByItself(on),
  )
  expect(unwatched).toEqual([])
})

test('every mounted file exists, and every named volume is declared and used', () => {
  const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''))
  const files = mounts.filter((source) => source.startsWith('.'))
  expect(files.filter((source) => !existsSync(join(ROOT, source)))).toEqual([])
  const named = mounts.filter((source) => !source.startsWith('.'))
  expect([...new Set(named)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
})

test('ports are published on the loopback address only, each once', () => {
  const ports = services.flatMap(([, { ports: published = [] }]) => published)
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  const outside = ports.map((port) => port.split(':')[1])
  expect(new Set(outside).size).toBe(outside.length)
})

test('Barograph accepts its configuration, and reaches the peers by the names of their services', () => {
  const { value } = loadConfig({
    schema: configSchema,
    defaults: DEFAULTS,
    file: join(ROOT, 'deploy/barograph.yml'),
    environment: {},
  })
  expect(value).toMatchObject({ data: '/data', auth: 'none', listen: { host: '0.0.0.0', http: 7300, otlp_http: 4318 } })
  const hosts = [
    ...(value.kafka?.brokers ?? []).map((broker) => broker.split(':')[0]),
    ...[value.elasticsearch?.url ?? '', ...value.alertmanager.urls].map((url) => new URL(url).hostname),
  ]
  expect(hosts).toEqual(['kafka', 'elasticsearch', 'alertmanager'])
  expect(hosts.filter((host) => compose.services[host ?? ''] === undefined)).toEqual([])
})

test('the topics that are made are those that Barograph reads', () => {
  const { value } = loadConfig({
    schema: configSchema,
    defaults: DEFAULTS,
    file: join(ROOT, 'deploy/barograph.yml'),
    environment: {},
  })
  const script = compose.services['kafka-topics']?.command?.[0] ?? ''
  const made = /for topic in ([\w ]+);/.exec(script)?.[1]?.split(' ')
  expect(new Set(made)).toEqual(new Set(Object.values(value.kafka?.topics ?? {})))
})

test('Prometheus scrapes Barograph, and both talk to the same Alertmanager', () => {
  const prometheus = parse(read('deploy/prometheus.yml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
    alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] }
  }
  const targets = prometheus.scrape_configs.flatMap(({ static_configs }) =>
    static_configs.flatMap((one) => one.targets),
  )
  expect(targets).toContain('barograph:7300')
  expect(prometheus.alerting.alertmanagers[0]?.static_configs[0]?.targets).toEqual(['alertmanager:9093'])
})

test('Grafana finds the dashboards where provisioning says, and data sources at services of the stack', () => {
  const { providers } = parse(read('dashboards/provisioning/dashboards/barograph.yml')) as {
    providers: { options: { path: string } }[]
  }
  const mounted = compose.services['grafana']?.volumes ?? []
  const path = providers[0]?.options.path ?? 'none'
  const shown = globSync('dashboards/*.json', { cwd: ROOT }).filter(
    (file) => !mounted.includes(`./${file}:${path}/${file.split('/').at(-1)}:ro`),
  )
  expect(shown).toEqual([])
  const { datasources } = parse(read('dashboards/provisioning/datasources/barograph.yml')) as {
    datasources: { url: string }[]
  }
  expect(datasources.filter(({ url }) => compose.services[new URL(url).hostname] === undefined)).toEqual([])
})

test('the image runs as nobody special, keeps its state in a volume, says when it is well, and has every room', () => {
  const text = read('deploy/Dockerfile')
  expect(text).toMatch(/^USER node$/m)
  expect(text).toMatch(/^VOLUME \/data$/m)
  expect(text).toMatch(/^HEALTHCHECK /m)
  expect(text).toMatch(/npm ci --omit=dev/)
  const wanted = Number(read('.node-version').split('.')[0])
  const images = [...text.matchAll(/^FROM node:(\d+)\.\d+-slim/gm)].map(([, major]) => Number(major))
  expect(images).toEqual([wanted, wanted])
  const kept = new Set(
    read('deploy/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1)),
  )
  const rooms = globSync(
    '{alerting,api,app,bin,collector,core,dashboards,demo,detectors,query,rules,scaling,upstream}',
    {
      cwd: ROOT,
    },
  )
  expect(rooms.filter((room) => !kept.has(room))).toEqual([])
})
