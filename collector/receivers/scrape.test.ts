import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test, vi } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { type Exporter, gzipped, page, TEXT } from '../scrape/testing/exporter.fixture.ts'
import { BEGIN, INTERVAL, type Stand, stands } from '../scrape/testing/stand.fixture.ts'

const HAS_OPENSSL = spawnSync('openssl', ['version']).error === undefined
const { exporter, stand, open } = stands()

describe('a target', () => {
  test('is asked at its interval, as Prometheus asks', async () => {
    const target = await exporter(page('a 1\n'))
    const { pass, scrape: running } = bound(await stand([{ targets: [target.address], params: { x: ['1', '2'] } }]))
    await pass()
    await pass()
    expect(target.requests).toHaveLength(2)
    const { url, headers } = target.requests[0]!
    expect(url).toBe('/metrics?x=1&x=2')
    expect(headers).toMatchObject({
      accept:
        'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
        'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      'accept-encoding': 'gzip',
      'user-agent': 'Barograph/test',
      'x-prometheus-scrape-timeout-seconds': '10',
    })
    // One connection serves both.
    expect(target.requests[0]!.socket.remotePort).toBe(target.requests[1]!.socket.remotePort)
    expect(running.active()).toMatchObject([
      { pool: 'shop', health: 'up', last_error: '', interval_ms: 10_000, timeout_ms: 10_000 },
    ])
  })

  test('gives its samples the time at which it was due, and labels of the job and its own', async () => {
    const target = await exporter(page('a{b="c"} 1\n'))
    const made = await stand([{ targets: [target.address], labels: { zone: 'x' } }])
    const [batch] = await made.pass()
    expect(made.intake.labels('a')).toEqual([{ b: 'c', instance: target.address, job: 'shop', zone: 'x' }])
    const time_ms = made.scrape.active()[0]!.last_scrape_ms!
    expect(batch![0]).toContain(` ${time_ms} 1`)
    const [next] = await made.pass()
    expect(next![0]).toContain(` ${time_ms + INTERVAL} 1`)
  })

  test('may be a URL, and may send gzip', async () => {
    const target = await exporter(gzipped('a 1\n'))
    const made = await stand([{ targets: [`${target.url}/custom/path?deep=1`] }])
    await made.pass()
    expect(target.requests[0]!.url).toBe('/custom/path?deep=1')
    expect(Object.values(made.intake.values('a'))).toEqual([1])
  })

  test('that answers OpenMetrics is read strictly', async () => {
    const type = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
    const target = await exporter(page('a 1\n', { 'content-type': type }))
    const made = await stand([{ targets: [target.address] }])
    await made.pass()
    expect(made.errors()).toEqual(
      ['# EOF is missing at the end: the page is not whole'].map((text) => `line 2: ${text}`),
    )
    expect(made.up()).toEqual([0])
  })

  test.each([
    ['no Content-Type', {}, 'no Content-Type'],
    ['an unknown one', { 'content-type': 'text/html' }, 'unsupported Content-Type "text/html"'],
  ])('that sends %s fails, unless a fallback is given', async (_, headers, message) => {
    const target = await exporter(page('a 1\n', headers))
    const made = await stand([
      { job: 'a', targets: [target.address] },
      { job: 'b', targets: [target.address], fallback_scrape_protocol: 'PrometheusText0.0.4' },
    ])
    await made.pass(2)
    expect(made.errors()).toEqual([expect.stringContaining(message), ''])
    expect(made.up()).toEqual([0, 1])
  })
})

/** Methods that may be taken off their stand. */
function bound(made: Stand) {
  return { pass: (inputs?: number) => made.pass(inputs), scrape: made.scrape }
}

test.each<[string, Exporter['answer'], number]>([
  ['has nothing to say, in no format', (_, response) => void response.writeHead(200).end(), 0],
  [
    'is a few lines of shell',
    (_, { socket }) => void socket!.end(`HTTP/1.1 200 OK\nContent-Type: ${TEXT}\n\na 1\n`),
    1,
  ],
  ['has a large head', page('a 1\n', { 'content-type': TEXT, 'x-large': 'x'.repeat(50_000) }), 1],
])('a target that %s is up', async (_, answer, samples) => {
  const target = await exporter(answer)
  const made = await stand([{ targets: [target.address] }])
  await made.pass()
  expect([made.errors(), made.up(), Object.values(made.intake.values('a')).length]).toEqual([[''], [1], samples])
})

/** A page that ends where its connection does, as HTTP/1.0 has it. */
function endless(response: ServerResponse): ServerResponse {
  response.useChunkedEncodingByDefault = false
  return response.writeHead(200, { 'content-type': TEXT, connection: 'close' })
}

describe('a scrape that fails', () => {
  test('sets up to 0 and ends all series, until it works again', async () => {
    const target = await exporter(page('a 1\n'))
    const made = await stand([{ targets: [target.address] }])
    await made.pass()
    target.answer = (_, response) => response.writeHead(503).end('busy')
    const [failed] = await made.pass()
    expect(failed![0]).toMatch(/^a\{.* stale$/)
    expect(made.up()).toEqual([0])
    expect(made.scrape.active()[0]).toMatchObject({
      health: 'down',
      last_error: 'the server answered 503 Service Unavailable',
    })
    target.answer = page('a 2\n')
    await made.pass()
    expect(made.up()).toEqual([1])
    expect(made.meter.counts).toMatchObject({
      'barograph.collector.requests{receiver=scrape,signal=metrics,outcome=ok}': 2,
      'barograph.collector.requests{receiver=scrape,signal=metrics,outcome=unavailable}': 1,
    })
  })

  test.each<[string, (e: Exporter) => void, string | RegExp]>([
    ['nobody listens', (e) => void e.stop(), 'ECONNREFUSED'],
    ['the connection breaks', (e) => (e.answer = (_, response) => void response.socket?.destroy()), 'hang up'],
    [
      'the page breaks off',
      (e) => {
        e.answer = (_, response) => {
          response.writeHead(200, { 'content-type': TEXT, 'content-length': '100' }).write('a 1\n')
          setTimeout(() => response.destroy(), 20)
        }
      },
      'the answer broke off',
    ],
    [
      'the page has no length, and its connection is reset',
      (e) => {
        e.answer = (_, response) => {
          endless(response).write('a 1\nb 12')
          setTimeout(() => response.socket?.resetAndDestroy(), 20)
        }
      },
      'the answer broke off',
    ],
    ['the page ends within a line', (e) => (e.answer = page('a 1\nb')), 'a value is expected'],
    [
      'gzip is none',
      (e) => (e.answer = page('a 1\n', { 'content-type': TEXT, 'content-encoding': 'gzip' })),
      'cannot be inflated',
    ],
    [
      'the encoding is unknown',
      (e) => (e.answer = page('a 1\n', { 'content-type': TEXT, 'content-encoding': 'br' })),
      'content-encoding br is unknown',
    ],
    [
      'it redirects in a circle',
      (e) => (e.answer = (_, response) => response.writeHead(302, { location: '/metrics' }).end()),
      'more than 10 redirects',
    ],
  ])('says why: %s', async (_, prepare, message) => {
    const target = await exporter()
    const made = await stand([{ targets: [target.address] }])
    prepare(target)
    await made.pass()
    expect(made.up()).toEqual([0])
    expect(made.errors()[0]).toMatch(message)
  })

  test('is not one because a connection that was kept is closed when it is used again', async () => {
    const target = await exporter()
    let drop = false
    target.answer = (request, response) => {
      if (drop && request.socket === target.requests[0]!.socket) request.socket.destroy()
      else page('a 1\n')(request, response)
    }
    const made = await stand([{ targets: [target.address] }])
    await made.pass()
    drop = true
    await made.pass()
    expect(made.up()).toEqual([1])
    expect(target.requests).toHaveLength(3)
  })

  test.each<[string, (response: ServerResponse) => ServerResponse]>([
    ['in chunks', (response) => response.writeHead(200, { 'content-type': TEXT })],
    ['without a length', endless],
  ])('takes no longer than its timeout, however slowly the page comes %s', async (_, begin) => {
    const target = await exporter((_request, response) => {
      begin(response).write('a 1\n')
    })
    const made = await stand([{ targets: [target.address], interval: '300ms', timeout: '100ms' }], {}, true)
    await expect.poll(() => made.errors()).toEqual(['no answer within 0.1 s'])
    expect(made.up()).toEqual([0])
  })

  test.each([
    [{ body_size_limit: '100B' }, {}],
    [{}, { body_inflated: 100 }],
  ])('reaches a limit of size: %j %j', async (job, limits) => {
    const target = await exporter(gzipped(`a 1\n${'# comment\n'.repeat(100)}`))
    const made = await stand([{ targets: [target.address], ...job }], { limits })
    await made.pass()
    expect(made.errors()).toEqual(['an inflated body may have 100 bytes'])
    expect(made.up()).toEqual([0])
  })

  test('because the job has too many targets, fails for all of them', async () => {
    const targets = [await exporter(page('a 1\n')), await exporter(page('a 1\n'))]
    const made = await stand([{ targets: targets.map(({ address }) => address), target_limit: 1 }])
    await made.pass(2)
    expect(made.up()).toEqual([0, 0])
    expect(made.errors()[0]).toBe('the job has 2 targets; target_limit is 1')
    expect(targets[0]!.requests).toEqual([])
  })
})

describe('what is not the doing of the target', () => {
  test('does not mark it down: the intake refuses, and marks of staleness are not lost', async () => {
    const target = await exporter(page('a 1\nb 1\n'))
    const made = await stand([{ targets: [target.address] }])
    await made.pass()
    made.intake.refuse = () => new ServiceError('overloaded', '3 inputs are waiting')
    target.answer = page('a 1\n')
    made.clock.advanceTo(made.clock.now_ms() + INTERVAL)
    await expect.poll(() => made.errors()).toEqual(['not stored: 3 inputs are waiting'])
    expect(made.scrape.active()[0]!.health).toBe('up')
    expect(made.meter.counts['barograph.collector.scrape.refused{code=overloaded}']).toBe(1)
    made.intake.refuse = undefined
    const [batch] = await made.pass()
    expect(batch!.filter((line) => line.endsWith('stale'))).toEqual([expect.stringMatching(/^b\{/)])
  })

  test('at most so many scrapes are under way', async () => {
    let inside = 0
    let most = 0
    const slow = await exporter((_, response) => {
      most = Math.max(most, ++inside)
      setTimeout(() => {
        inside--
        page('a 1\n')(_, response)
      }, 20)
    })
    const targets = Array.from({ length: 8 }, (_, i) => `${slow.url}/${i}`)
    const made = await stand([{ targets }], { scrapes: 2 })
    await made.pass(8)
    expect(most).toBe(2)
  })

  test('there are at most so many targets', async () => {
    const target = await exporter(page('a 1\n'))
    const made = await stand([{ targets: [`${target.url}/1`, `${target.url}/2`] }], { targets: 1 })
    await made.pass()
    expect(made.scrape.active()).toHaveLength(1)
    expect(made.meter.counts['barograph.collector.scrape.discovery_failures{mechanism=target}']).toBe(1)
  })

  test('a stop marks nothing stale', async () => {
    const target = await exporter(page('a 1\n'))
    const made = await stand([{ targets: [target.address] }])
    await made.pass()
    await made.scrape.stop()
    expect(made.intake.batches).toHaveLength(1)
  })

  test('a stop does not wait for a target that does not answer', async () => {
    const target = await exporter(() => {})
    const made = await stand([{ targets: [target.address] }])
    made.clock.advanceTo(BEGIN + INTERVAL)
    await expect.poll(() => target.requests.length).toBe(1)
    await made.scrape.stop()
    expect(made.intake.batches).toEqual([])
  })
})

test('an answer that lies there unread, because we were held up, is read', async () => {
  const target = await exporter((request, response) => {
    setTimeout(() => page('a 1\n')(request, response), 30)
  })
  const made = await stand([{ targets: [target.address], interval: '200ms', timeout: '200ms' }], {}, true)
  await vi.waitUntil(() => target.requests.length === 1, { interval: 1 })
  const end = Date.now() + 300
  while (Date.now() < end);
  await vi.waitUntil(() => made.intake.batches.length > 0)
  expect(made.up()).toEqual([1])
})

describe('relabelling of targets', () => {
  test('chooses them, their address, path, parameters, interval and labels', async () => {
    const target = await exporter(page('a 1\n'))
    const made = await stand([
      {
        static_configs: [{ targets: ['real:80', 'canary:80', 'broken:80'], labels: { __meta_zone: 'x' } }],
        relabel_configs: [
          { source_labels: ['__address__'], regex: 'canary.*', action: 'drop' },
          { source_labels: ['__address__'], regex: 'broken.*', target_label: '__scheme__', replacement: 'ftp' },
          { source_labels: ['__meta_zone'], target_label: 'zone' },
          { source_labels: ['__address__'], target_label: '__param_target' },
          { target_label: '__address__', replacement: target.address },
          { target_label: '__metrics_path__', replacement: '/probe' },
          { target_label: '__scrape_timeout__', replacement: '3s' },
        ],
      },
    ])
    await made.pass()
    expect(target.requests[0]!.url).toBe('/probe?target=real%3A80')
    expect(target.requests[0]!.headers['x-prometheus-scrape-timeout-seconds']).toBe('3')
    expect(made.intake.labels('a')).toEqual([{ instance: target.address, job: 'shop', zone: 'x' }])
    expect(made.scrape.active()[0]!.discovered.toJSON()).toMatchObject({
      __address__: 'real:80',
      __meta_zone: 'x',
      __metrics_path__: '/metrics',
      __scheme__: 'http',
      __scrape_interval__: '10s',
      job: 'shop',
    })
    expect(made.scrape.dropped().map(({ discovered }) => discovered.get('__address__'))).toEqual([
      'canary:80',
      'broken:80',
    ])
    expect(made.scrape.droppedCounts()).toEqual(new Map([['shop', 2]]))
    expect(made.scrape.pools()).toEqual(['shop'])
  })
})

describe('files of targets', () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'barograph-scrape-'))
    open.push({ stop: async () => rmSync(path, { recursive: true }) })
    return path
  }
  const rewrite = (path: string, text: string): void => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }

  test('are read by pattern, and again when they change; a target that goes ends its series', async () => {
    const one = await exporter(page('a 1\n'))
    const two = await exporter(page('a 2\n'))
    const at = folder()
    writeFileSync(join(at, 'one.json'), JSON.stringify([{ targets: [one.address], labels: { zone: 'x' } }]))
    writeFileSync(join(at, 'two.yml'), `- targets: ['${two.address}']\n`)
    writeFileSync(join(at, 'other.txt'), 'not this')
    const made = await stand([{ file_sd_configs: [{ files: ['*.json', '*.yml'] }] }], { folder: at })
    await expect.poll(() => made.scrape.active().length).toBe(2)
    await made.pass(2)
    expect(Object.values(made.intake.values('a')).toSorted((a, b) => a - b)).toEqual([1, 2])
    expect(
      made.scrape
        .active()
        .map(({ discovered }) => discovered.get('__meta_filepath'))
        .toSorted(),
    ).toEqual([join(at, 'one.json'), join(at, 'two.yml')])
    rewrite(join(at, 'one.json'), '[]')
    await made.wait(() => made.scrape.active().length, 1)
    const ends = () => made.intake.batches.filter((lines) => lines.every((line) => line.endsWith('stale')))
    await expect.poll(() => ends().map((lines) => lines.length)).toEqual([6])
  })

  test('that cannot be read keep what they said; one that is removed has no targets', async () => {
    const one = await exporter(page('a 1\n'))
    const at = folder()
    const file = join(at, 'targets.json')
    writeFileSync(file, JSON.stringify([{ targets: [one.address] }]))
    const made = await stand([{ file_sd_configs: [{ files: [file] }] }])
    await expect.poll(() => made.scrape.active().length).toBe(1)
    rewrite(file, '[{"targets": 7}]')
    await made.wait(() => made.meter.counts['barograph.collector.scrape.discovery_failures{mechanism=file}'], 1)
    expect(made.scrape.active()).toHaveLength(1)
    rmSync(file)
    await made.wait(() => made.scrape.active().length, 0)
  })

  test('are taken as Prometheus takes them: null for nothing, values as they are written, without what is no address', async () => {
    const target = await exporter(page('a 1\n'))
    const at = folder()
    const list = [
      { targets: [target.address, `${target.address}/metrics`, 'two words'], labels: null },
      { targets: null, labels: { zone: 'y' } },
      { targets: [target.address], labels: { zone: null, instance: '', job: '', __metrics_path__: '' } },
    ]
    writeFileSync(join(at, 'one.json'), JSON.stringify(list))
    writeFileSync(
      join(at, 'two.yml'),
      `- targets: ['${target.address}']\n  labels: {version: 1.10, canary: true, rack: }\n`,
    )
    writeFileSync(join(at, 'empty.yml'), '# nobody\n')
    const made = await stand([{ job: 'files', file_sd_configs: [{ files: ['*.json', '*.yml'] }] }], { folder: at })
    await expect.poll(() => made.scrape.active().length).toBe(2)
    const plain = { job: 'files', instance: target.address }
    expect(made.scrape.active().map(({ labels }) => labels.toJSON())).toEqual(
      expect.arrayContaining([plain, { ...plain, version: '1.10', canary: 'true' }]),
    )
  })
})

test('a server lists targets; where it fails, the list stays', async () => {
  const target = await exporter(page('a 1\n'))
  const list = JSON.stringify([{ targets: [target.address], labels: { __meta_rack: '7', zone: 'x' } }])
  const lister = await exporter(page(list, { 'content-type': 'application/json' }))
  const made = await stand([
    { http_sd_configs: [{ url: `${lister.url.replace('//', '//me:open@')}/list`, refresh_interval: '5s' }] },
  ])
  await expect.poll(() => made.scrape.active().length).toBe(1)
  expect(lister.requests[0]!.headers).toMatchObject({
    authorization: `Basic ${Buffer.from('me:open').toString('base64')}`,
    'x-prometheus-refresh-interval-seconds': '5',
  })
  expect(made.scrape.active()[0]!.discovered.toJSON()).toMatchObject({
    __meta_url: `${lister.url.replace('//', '//<secret>@')}/list`,
    __meta_rack: '7',
  })
  await made.pass()
  for (const answer of [page('[]'), page('nonsense', { 'content-type': 'application/json' })]) {
    lister.answer = answer
    const failures = () => made.meter.counts['barograph.collector.scrape.discovery_failures{mechanism=http}'] ?? 0
    await made.wait(failures, failures() + 1)
    expect(made.scrape.active()).toHaveLength(1)
  }
  lister.answer = page('[]', { 'content-type': 'application/json; charset=utf-8' })
  await made.wait(() => made.scrape.active().length, 0)
})

describe('who asks', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ basic_auth: { username: 'me', password: 'open' } }, `Basic ${Buffer.from('me:open').toString('base64')}`],
    [
      { basic_auth: { username: 'me', password_file: 'secret' } },
      `Basic ${Buffer.from('me:sesame').toString('base64')}`,
    ],
    [{ authorization: { credentials: 'open' } }, 'Bearer open'],
    [{ authorization: { type: 'Token', credentials_file: 'secret' } }, 'Token sesame'],
    [{ bearer_token_file: 'secret' }, 'Bearer sesame'],
  ])('is said: %j', async (job, authorization) => {
    const folder = mkdtempSync(join(tmpdir(), 'barograph-scrape-'))
    writeFileSync(join(folder, 'secret'), 'sesame\n')
    const target = await exporter(page('a 1\n'))
    const made = await stand(
      [{ targets: [target.address], http_headers: { 'X-Tenant': { values: ['shop'] } }, ...job }],
      {
        folder,
      },
    )
    await made.pass()
    expect(target.requests[0]!.headers).toMatchObject({ authorization, 'x-tenant': 'shop' })
    rmSync(folder, { recursive: true })
  })

  test('is not told to another host', async () => {
    const other = await exporter(page('a 1\n'))
    const target = await exporter((_, response) => response.writeHead(301, { location: other.url }).end())
    const keys = { values: ['open-too'], secrets: ['sesame'] }
    const made = await stand([
      {
        targets: [target.address],
        bearer_token: 'open',
        http_headers: { 'X-Key': keys, 'X-Tenant': { values: ['a'] } },
      },
    ])
    await made.pass()
    expect(made.up()).toEqual([1])
    expect(target.requests[0]!.headers).toMatchObject({ authorization: 'Bearer open', 'x-key': 'open-too, sesame' })
    expect(other.requests[0]!.headers).not.toHaveProperty('authorization')
    expect(other.requests[0]!.headers).not.toHaveProperty('x-key')
    expect(other.requests[0]!.headers).not.toHaveProperty('x-tenant')
    expect(other.requests[0]!.headers['user-agent']).toBe('Barograph/test')
  })

  test.skipIf(!HAS_OPENSSL)(
    'by certificate (needs openssl): a server is trusted by its authority, its name, or not at all',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'barograph-scrape-'))
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
      const subject = ['-subj', '/CN=shop', '-addext', 'subjectAltName=DNS:shop']
      const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      execFileSync('openssl', [...form, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
      const target = await exporter(page('a 1\n'), { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') })
      const job = (name: string, tls_config?: object) => {
        return { job: name, scheme: 'https', targets: [target.address], ...(tls_config && { tls_config }) }
      }
      const made = await stand(
        [
          job('a'),
          job('b', { ca_file: 'cert.pem' }),
          job('c', { ca_file: 'cert.pem', server_name: 'shop' }),
          job('d', { insecure_skip_verify: true }),
        ],
        { folder },
      )
      await made.pass(4)
      expect(made.errors()).toEqual([expect.stringMatching(/self.signed/), expect.stringContaining('altnames'), '', ''])
      rmSync(folder, { recursive: true })
    },
  )
})
