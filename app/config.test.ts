import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { loadConfig } from '#core/config/load.ts'

import { configSchema, DEFAULTS } from './config.ts'

function load(text: string, environment: Record<string, string> = {}, overrides: string[] = []) {
  const file = join(mkdtempSync(join(tmpdir(), 'barograph-config-')), 'barograph.yml')
  writeFileSync(file, text)
  return loadConfig({ schema: configSchema, defaults: DEFAULTS, file, environment, overrides })
}

function problems(...args: Parameters<typeof load>): string[] {
  try {
    load(...args)
  } catch (error) {
    return (error as Error).message.split('\n').map((line) => line.replace(/^.*barograph\.yml/, ''))
  }
  return []
}

test('the defaults suffice', () => {
  const { value } = loadConfig({ schema: configSchema, defaults: DEFAULTS, environment: {} })
  expect(value.listen).toMatchObject({ host: 'localhost', http: 7300, otlp_http: 4318, kubernetes: null })
  expect(value.kafka).toBeNull()
  expect(value.rules).toBeNull()
  expect(value.retention.samples).toBe(15 * 86_400_000)
})

test('an unknown key is named with its place and the nearest known one', () => {
  expect(problems('data: x\nlimits:\n  serie: 7\n')).toEqual([
    ':3: limits.serie: unknown key "serie"; did you mean "series"? (is 7)',
  ])
})

test('every problem is told at once', () => {
  expect(problems('language: fr\nlateness: soon\nlisten: {http: -1}\n').length).toBe(3)
})

test('a value of another type is told what it should be', () => {
  expect(
    problems('lateness: 10\nrules: mine.yml\nretention: {bytes: true}\nupstream: {prom: {}}\n').toSorted(),
  ).toEqual([
    ':1: lateness: a duration, like 30s, 5m or 1h30m (is 10)',
    ':2: rules: a list of files and folders, like [rules, my-rules] (is "mine.yml")',
    ':3: retention.bytes: a size, like 64MiB or 2GB (is true)',
    ':4: upstream.prom.url: is missing',
  ])
})

test('an address of a peer is one of http, and no port is given twice', () => {
  const peers =
    'alertmanager: {urls: [am:9093]}\nupstream: {prom: {url: ftp://x}}\nelasticsearch: {url: es}\nlisten: {otlp_http: 7300}\n'
  expect(problems(peers).toSorted()).toEqual([
    ':1: alertmanager.urls[0]: an http or https URL, like http://example.com:8080 (is "am:9093")',
    ':2: upstream.prom.url: an http or https URL, like http://prometheus:9090 (is "ftp://x")',
    ':3: elasticsearch.url: an http or https URL, like http://example.com:8080 (is "es")',
    ':4: listen.otlp_http: the port of listen.http; each has its own (is 7300)',
  ])
  expect(problems('listen: {http: 0, otlp_http: 0, otlp_grpc: off}\n')).toEqual([])
})

test('what is no YAML is told with its place, once', () => {
  expect(problems('listen:\n  http: 7300\n htt: 3\n')).toEqual([
    ':3: not YAML: All mapping items must start at the same column',
  ])
})

test('off and false close a port, and rules can be none', () => {
  const { value } = load('listen: {http: off, otlp_http: false}\nrules: []\nobserve_self: off\n')
  expect(value.listen).toMatchObject({ http: null, otlp_http: null })
  expect(value.rules).toEqual([])
  expect(value.observe_self).toBeNull()
})

test('the environment is read, with defaults, and a missing name is told', () => {
  expect(load('data: ${DIR:-here}/x\nlisten: {http: "${PORT}"}\n', { PORT: '81' }).value).toMatchObject({
    data: 'here/x',
    listen: { http: 81 },
  })
  expect(problems('data: ${DIR}\n')[0]).toContain('environment variable DIR is not set')
})

test('secrets come from files and never print', () => {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-secret-'))
  writeFileSync(join(folder, 'key'), 'hunter2\n')
  const file = join(folder, 'barograph.yml')
  writeFileSync(
    file,
    'elasticsearch: {url: "http://es:9200", auth: {api_key: {file: key}}}\nnotify: {route: {receiver: a}, receivers: [{name: a, webhook_configs: [{url: "http://x/hooktoken", http_config: {authorization: {credentials: opensesame}}}]}]}\n',
  )
  const loaded = loadConfig({ schema: configSchema, defaults: DEFAULTS, file, environment: {} })
  const auth = loaded.value.elasticsearch?.auth
  expect(auth !== undefined && 'api_key' in auth && auth.api_key.reveal()).toBe('hunter2')
  const printed = JSON.stringify(loaded.raw) + JSON.stringify(loaded.value)
  expect(printed).not.toMatch(/hunter2|opensesame|hooktoken/)
  expect(printed).toContain('<secret>')
})

test('a key can be set on the command line', () => {
  expect(load('', {}, ['listen.http=17300', 'alertmanager.urls=["http://a:9093"]']).value).toMatchObject({
    listen: { http: 17_300 },
    alertmanager: { urls: ['http://a:9093'] },
  })
})

test('zones and holidays are checked', () => {
  const written = 'time_zone: Asia/Shanghai\nholidays: [2026-01-01, 2026-10-01/2026-10-07]\n'
  expect(load(written).value).toMatchObject({
    time_zone: 'Asia/Shanghai',
    holidays: ['2026-01-01', '2026-10-01/2026-10-07'],
  })
  expect(problems('time_zone: Beijing\n')[0]).toContain('IANA name, like Europe/Berlin')
  expect(problems('holidays: [cn]\n')[0]).toContain('a day like 2026-10-01')
})

test('an unknown word of a scrape job is told with the nearest, and its secrets never print', () => {
  expect(problems('scrape: [{job: a, scrape_intervall: 5s}]\n')).toEqual([
    ':1: scrape[0].scrape_intervall: unknown key "scrape_intervall"; did you mean "scrape_interval"? (is "5s")',
  ])
  expect(problems('scrape: [{job: a, relabel_configs: [{target_lable: x}]}]\n')[0]).toContain('"target_label"')
  const { raw, value } = load(
    'scrape: [{job: a, basic_auth: {username: u, password: opensesame}, http_headers: {x: {secrets: [hunter2]}}}]\n',
  )
  expect(JSON.stringify(raw) + JSON.stringify(value)).not.toMatch(/opensesame|hunter2/)
})

test('a route to nowhere is told with the receivers that are there', () => {
  expect(problems('notify: {route: {receiver: b}, receivers: [{name: a}]}\n')[0]).toContain('there are: a')
})

test('receivers of Alertmanager’s that are not here are told where they are', () => {
  const [told] = problems('notify: {route: {receiver: a}, receivers: [{name: a, slack_configs: [{}]}]}\n')
  expect(told).toContain('unknown key "slack_configs"; known: name, webhook_configs; chat and mail go through')
})

test('words of Prometheus’ file are told with those that stand for them here', () => {
  const [told] = problems('rule_files: [rules.yml]\n')
  expect(told).toMatch(/unknown key "rule_files"; known: .*; what Prometheus calls .* rule_files rules/)
  expect(problems('hello: 1\n')[0]).not.toContain('Prometheus')
})

test('a broker is a host and its port', () => {
  expect(problems('kafka: {brokers: [kafka]}\n')).toEqual([
    ':1: kafka.brokers[0]: a host and its port, like kafka:9092 (is "kafka")',
  ])
  expect(problems('kafka: {brokers: ["kafka:9092", "[::1]:9092"]}\n')).toEqual([])
})

test('what may be a duration or off says so', () => {
  expect(problems('observe_self: on\n')).toEqual([':1: observe_self: off, or a duration like 5s (is "on")'])
})

test('an address that others can reach wants an explicit word', () => {
  expect(problems('listen: {host: 0.0.0.0}\n')[0]).toContain('auth: none')
  expect(problems('listen: {host: 0.0.0.0}\nauth: none\n')).toEqual([])
})
