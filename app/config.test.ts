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
    ':2: upstream.prom.url: an http or https URL, like http://prometheus:9090',
    ':3: elasticsearch.url: an http or https URL, like http://example.com:8080 (is "es")',
    ':4: listen.otlp_http: the port of listen.http; each has its own (is 7300)',
  ])
  expect(problems('listen: {http: 0, otlp_http: 0, otlp_grpc: off}\n')).toEqual([])
})

test('brokers have a port, and signals of Kafka have topics of their own', () => {
  const brokers =
    "kafka: {brokers: [kafka, 'PLAINTEXT://kafka:9092', 'kafka:9092', 9092], topics: {logs: a, traces: a}}\n"
  expect(problems(brokers).toSorted()).toEqual([
    ':1: kafka.brokers[0]: a host and its port, like kafka.example.com:9092 (is "kafka")',
    ':1: kafka.brokers[1]: a host and its port, like kafka.example.com:9092 (is "PLAINTEXT://kafka:9092")',
    ':1: kafka.brokers[3]: a host and its port, like kafka.example.com:9092 (is 9092)',
    ':1: kafka.topics.traces: the topic of kafka.topics.logs; each signal has its own (is "a")',
  ])
  expect(problems('kafka: {brokers: ["k:1"], topics: {}}\n')).toEqual([
    ':1: kafka.topics: none is named; there are: metrics, logs, traces',
  ])
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
  expect(problems('data: ${DIR}\n')).toEqual([
    ':1: data: environment variable DIR is not set; set it, or write ${DIR:-default}',
  ])
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

test('who asks is not shown with an address', () => {
  const { raw, value } = load(
    'alertmanager: {urls: ["http://me:word1234@a:9093/x"]}\nelasticsearch: {url: "https://word1234@es:9200"}\nscrape: [{job: a, http_sd_configs: [{url: "http://me:word1234@sd/"}]}]\nkafka: {brokers: ["a:1"], sasl: {mechanism: plain, username: me@there, password: word1234}}\nexternal_url: "https://x/@team"\n',
  )
  const printed = JSON.stringify(raw)
  expect(printed).not.toContain('word1234')
  for (const shown of ['http://<secret>@a:9093/x', 'https://<secret>@es:9200', 'me@there', 'https://x/@team'])
    expect(printed).toContain(shown)
  expect(value.alertmanager.urls).toEqual(['http://me:word1234@a:9093/x'])
})

test('what is wrong and may be secret is not shown', () => {
  const written = [
    'alertmanager: {urls: ["me:word1234@a:9093"]}',
    'elasticsearch: {url: "es://me:word1234@es"}',
    'upstream: {a: {url: "htps://me:word1234@a", headers: {X: 12341234}}}',
    'kafka: {brokers: ["a:1"], sasl: {mechanism: plain, username: me, password: 12341234}}',
    'notify: {route: {receiver: a}, receivers: [{name: a, webhook_configs: [{url: hooks.example/word1234}]}]}',
    'scrape: [{job: a, targets: ["me:word1234@a:9100", "http://me:word1234@a/metrics"], bearer_token: 12341234}]',
  ]
  const told = problems(written.join('\n')).join('\n')
  expect(told).not.toMatch(/word1234|12341234/)
  for (const place of ['urls[0]', 'elasticsearch.url', 'headers.X', 'sasl.password', '[0].url', 'targets[0]', 'bearer'])
    expect(told).toContain(place)
})

test('a target has no user: it would be left out, or shown as a label', () => {
  expect(problems('scrape: [{job: a, targets: ["http://me:word@a/metrics"]}]\n')).toEqual([
    ':1: scrape[0].targets[0]: host:port, or a URL that begins with http:// or https://; users are said with basic_auth (is "http://<secret>@a/metrics")',
  ])
})

test('a key can be set on the command line', () => {
  expect(load('', {}, ['listen.http=17300', 'alertmanager.urls=["http://a:9093"]']).value).toMatchObject({
    listen: { http: 17_300 },
    alertmanager: { urls: ['http://a:9093'] },
  })
})

test('what is wrong on the command line is looked for there, not in the file', () => {
  const written = 'listen: {http: 70000}\n'
  expect(problems(written, {}, ['listen.htp=3', 'listen={otlp_http: x}', 'data=${DIR}'])).toEqual([
    '--set: data: environment variable DIR is not set; set it, or write ${DIR:-default}',
    ':1: listen.http: a port from 0 to 65535, or off (is 70000)',
    '--set: listen.otlp_http: a port from 0 to 65535, or off (is "x")',
    '--set: listen.htp: unknown key "htp"; did you mean "http"? (is 3)',
  ])
  expect(problems(written, {}, ['listen.http=80000'])).toEqual([
    '--set: listen.http: a port from 0 to 65535, or off (is 80000)',
  ])
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

test('what may be a duration or off says so', () => {
  expect(problems('observe_self: on\n')).toEqual([':1: observe_self: off, or a duration like 5s (is "on")'])
})

test('an address that others can reach wants an explicit word', () => {
  expect(problems('listen: {host: 0.0.0.0}\n')[0]).toContain('auth: none')
  expect(problems('listen: {host: 0.0.0.0}\nauth: none\n')).toEqual([])
})
