// The offline commands as people run them: child processes on files.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

import { beforeAll, describe, expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

import * as commands from '../../app/commands.ts'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'bin/barograph.js')
const NAB = join(ROOT, '../shared/datasets/nab.tar.xz')
const NAB_FILE = 'nab/data/realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv'
const HEADER = 'timestamp,value,expected,lower,upper,score,anomaly'
const folder = mkdtempSync(join(tmpdir(), 'barograph-offline-'))

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

const barograph = (...args: readonly string[]): Promise<Run> => run(BIN, ...args)

function run(...command: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: folder, maxBuffer: 2 ** 26, env: { ...process.env, NO_COLOR: '1' } }
    execFile(process.execPath, command, options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

const lines = (content: string): string[] => content.trimEnd().split('\n')

/** Ten days of five minutes with a daily wave and one hour that is wrong. */
function wave(): string[] {
  const random = seeded(5)
  const rows = ['timestamp,value']
  for (let i = 0; i < 2880; i++) {
    const level = 100 + 40 * Math.sin((2 * Math.PI * i) / 288) + 4 * (random() + random() - 1)
    const value = i >= 2600 && i < 2612 ? level * 3 : level
    rows.push(`${new Date(Date.UTC(2026, 0, 1) + i * 300_000).toISOString()},${value.toFixed(3)}`)
  }
  return rows
}

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content)
}

beforeAll(() => {
  const rows = wave()
  write('wave.csv', `${rows.join('\n')}\n`)
  write('half.csv', `${rows.slice(0, 1441).join('\n')}\n`)
  write('word.csv', 'timestamp,value\n2026-01-01 00:00:00,1\n2026-01-01 00:05:00,many\n')
  write('time.csv', '2026-01-01 00:00:00,1\nyesterday,2\n')
  write('semicolons.csv', '2026-01-01 00:00:00;1\n')
})

/** A row for each row, finite scores, the same bytes again, the first half as half the file gives it. */
async function detectsWell(file: string, half: string): Promise<readonly string[][]> {
  const [first, second, halved] = await Promise.all([
    barograph('detect', file),
    barograph('detect', file),
    barograph('detect', half),
  ])
  expect([first.code, first.err]).toEqual([0, ''])
  expect(second.out).toBe(first.out)
  expect(first.out.startsWith(halved.out)).toBe(true)
  const [header, ...rows] = lines(first.out)
  expect(header).toBe(HEADER)
  const given = lines(readFileSync(join(folder, file), 'utf8')).slice(1)
  const cells = rows.map((row) => row.split(','))
  expect(cells.map(([timestamp]) => timestamp)).toEqual(given.map((row) => row.split(',')[0]))
  expect(cells.filter(([, , , , , score]) => score === '' || !Number.isFinite(Number(score)))).toEqual([])
  expect(cells.filter(([, , , , , score, anomaly]) => (Number(score) >= 1 ? '1' : '0') !== anomaly)).toEqual([])
  return cells
}

describe('detect', () => {
  test('takes a kind with its options, as it stands in a rule', async () => {
    const [plain, same, other] = await Promise.all(
      ['band', '{kind: band, window: 1h}', '{kind: band, window: 6h, method: ewma}'].map((kind) =>
        barograph('detect', 'half.csv', '--detector', kind),
      ),
    )
    expect([plain!.code, same!.code, other!.code]).toEqual([0, 0, 0])
    expect(same!.out).toBe(plain!.out)
    expect(other!.out).not.toBe(plain!.out)
  })

  test('scores every row from it and earlier rows alone, and finds what is wrong', async () => {
    const cells = await detectsWell('wave.csv', 'half.csv')
    const found = cells.flatMap(([, , , , , , anomaly], i) => (anomaly === '1' ? [i] : []))
    expect(found.some((i) => i >= 2600 && i < 2612)).toBe(true)
  })

  test.skipIf(!existsSync(NAB))('works on a file of the Numenta benchmark (skipped without ../shared)', async () => {
    await new Promise<void>((resolve, reject) => {
      execFile('tar', ['-xJf', NAB, '-C', folder, NAB_FILE], (error) => (error === null ? resolve() : reject(error)))
    })
    const rows = lines(readFileSync(join(folder, NAB_FILE), 'utf8'))
    write('nab-half.csv', `${rows.slice(0, 2017).join('\n')}\n`)
    const cells = await detectsWell(NAB_FILE, 'nab-half.csv')
    expect(cells.length).toBe(4032)
  })

  test('writes several files to a folder, each as it would be alone, and tells how far it is', async () => {
    const [{ code, out, err }, alone] = await Promise.all([
      barograph('detect', 'wave.csv', 'word.csv', 'half.csv', '--out', 'scores'),
      barograph('detect', 'wave.csv'),
    ])
    expect([code, out]).toEqual([2, ''])
    expect(lines(err).toSorted()).toEqual([
      expect.stringMatching(/^1\/3 scores/),
      expect.stringMatching(/^2\/3 scores/),
      'barograph: word.csv:3: expected a number, found "many"',
    ])
    expect(readdirSync(join(folder, 'scores')).toSorted()).toEqual(['half.csv', 'wave.csv'])
    expect(readFileSync(join(folder, 'scores/wave.csv'), 'utf8')).toBe(alone.out)
  })

  test('writes over no input, and text of what was packed', async () => {
    const before = readFileSync(join(folder, 'wave.csv'))
    write('packed.csv.gz', gzipSync(before))
    const [same, packed, alone] = await Promise.all([
      barograph('detect', 'wave.csv', 'half.csv', '--out', '.'),
      barograph('detect', 'packed.csv.gz', '--out', 'unpacked'),
      barograph('detect', 'wave.csv'),
    ])
    expect([same.code, lines(same.err)]).toEqual([
      2,
      ['barograph: wave.csv would be written over; give --out another folder'],
    ])
    expect(Buffer.compare(readFileSync(join(folder, 'wave.csv')), before)).toBe(0)
    expect(packed.code).toBe(0)
    expect(readFileSync(join(folder, 'unpacked/packed.csv'), 'utf8')).toBe(alone.out)
  })

  test('ends quietly when its reader goes away', async () => {
    const child = spawn(process.execPath, [BIN, 'detect', 'wave.csv'], { cwd: folder })
    child.stdout.once('data', () => child.stdout.destroy())
    const [err, code] = await Promise.all([
      text(child.stderr),
      new Promise<number | null>((resolve) => {
        child.once('exit', resolve)
      }),
    ])
    expect([err, code]).toEqual(['', 0])
  })
})

test('forecast prints quantiles of what follows, the same each time, and into a folder', async () => {
  const [steps, duration, several] = await Promise.all([
    barograph('forecast', 'wave.csv', '--horizon', '12', '--quantiles', '0.05,0.5,0.95'),
    barograph('forecast', 'wave.csv', '--horizon', '1h', '--quantiles', '0.05,0.5,0.95'),
    barograph(
      'forecast',
      'wave.csv',
      'half.csv',
      '--horizon',
      '12',
      '--quantiles',
      '0.05,0.5,0.95',
      '--out',
      'forecasts',
    ),
  ])
  expect([steps.code, steps.err]).toEqual([0, ''])
  expect(duration.out).toBe(steps.out)
  const [header, ...rows] = lines(steps.out)
  expect(header).toBe('timestamp,q0.05,q0.5,q0.95')
  expect(rows.length).toBe(12)
  expect(rows[0]?.startsWith('2026-01-11T00:00:00.000Z,')).toBe(true)
  for (const row of rows) {
    const [low, middle, high] = row.split(',').slice(1).map(Number)
    expect(low! <= middle! && middle! <= high!).toBe(true)
    // The wave stands near 100 at midnight.
    expect(Math.abs(middle! - 110)).toBeLessThan(25)
  }
  expect([several.code, several.out]).toEqual([0, ''])
  expect(readFileSync(join(folder, 'forecasts/wave.csv'), 'utf8')).toBe(steps.out)
})

describe('what cannot be done is one line, and exit code 2', () => {
  test.concurrent.each<[readonly string[], RegExp]>([
    [['detect', 'word.csv'], /^barograph: word.csv:3: expected a number, found "many"$/],
    [
      ['detect', 'time.csv'],
      /^barograph: time.csv:2: expected a timestamp \(ISO 8601, epoch s or ms\), found "yesterday"$/,
    ],
    [['detect', 'semicolons.csv'], /^barograph: semicolons.csv:1: expected timestamp,value, found /],
    [['detect', 'nowhere.csv'], /^barograph: nowhere.csv: cannot be read: ENOENT: [^:]*$/],
    [['detect', 'wave.csv', '--detector', 'oracle'], /^barograph: --detector oracle: .*there are absence, auto, band/],
    [
      ['detect', 'wave.csv', '--detector', '{kind: band, window: 1s}'],
      /^barograph: --detector .*: window: from 1m to 7d$/,
    ],
    [['detect', 'wave.csv', '--detector', '{kind: band'], /^barograph: --detector \{kind: band: /],
    [['detect', 'wave.csv', '--out', '/dev/null/x'], /^barograph: --out \/dev\/null\/x: the folder cannot be made/],
    [['forecast', 'wave.csv'], /^barograph: --horizon is missing/],
    [
      ['forecast', 'wave.csv', '--horizon', '5', '--quantiles', '2'],
      /^barograph: --quantiles: expected numbers between 0 and 1/,
    ],
    [['replay', 'nowhere'], /^barograph: nowhere: cannot be read/],
    [['detect', '--bogus'], /^barograph: Unknown option '--bogus'; see --help$/],
    [['predict'], /^barograph: no command "predict"; known: check, config, /],
    [['detct', 'wave.csv'], /^barograph: no command "detct"; did you mean detect\?$/],
    [['serve', 'wave.csv'], /^barograph: what is "wave.csv"\? only options are taken; see --help$/],
    [['demo', '--days', 'ten'], /^barograph: --days ten: expected a number from 0$/],
    [['demo', '--days', '-1'], /^barograph: Option '--days' argument is ambiguous; see --help$/],
  ])('%j', async (args, says) => {
    const { code, out, err } = await barograph(...args)
    expect([code, out, lines(err).length]).toEqual([2, '', 1])
    expect(err.trimEnd()).toMatch(says)
  })
})

test('a server that npm runs ends with the shell of npm, which passes no SIGTERM on', async () => {
  const off = ['http', 'otlp_http', 'otlp_grpc'].map((name) => `--set listen.${name}=0`).join(' ')
  const command = `"${process.execPath}" "${BIN}" ${off} --set data=of-npm --set observe_self=off; true`
  const shell = spawn('sh', ['-c', command], { cwd: folder, env: { ...process.env, npm_lifecycle_event: 'start' } })
  shell.stdout.once('data', () => shell.kill('SIGTERM'))
  expect(await text(shell.stderr)).toBe('barograph: stopping\n')
})

test('a server that cannot begin says which setting to mend, and exit code 1', async () => {
  write('busy', '')
  const { code, err } = await barograph('--set', 'data=busy')
  expect([code, lines(err)]).toEqual([1, [expect.stringMatching(/^barograph: data: .*busy cannot be used: /)]])
})

test('every command has a help text', async () => {
  const names = Object.values(commands).map(({ name }) => name)
  const runs = await Promise.all([barograph('--help'), ...names.map((name) => barograph(name, '--help'))])
  for (const [i, { code, out, err }] of runs.entries()) {
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(i === 0 ? 'Usage: barograph [COMMAND]' : names[i - 1])
  }
})

test('check tells every problem at once, with place and fix; what is well gives ok', async () => {
  mkdirSync(join(folder, 'rules'))
  write(
    'rules/bad.yml',
    'groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: sum(\n      - anomaly: B\n        expr: up\n        detektor: auto\n',
  )
  write('bad.yml', 'lissen: {http: 1}\nlisten: {http: 99999999}\nlimits: {queue: -1}\n')
  const [rules, configuration, own] = await Promise.all([
    barograph('check', 'rules'),
    barograph('check', '--config', 'bad.yml'),
    barograph('check'),
  ])
  expect(rules.code).toBe(1)
  expect(lines(rules.out)).toEqual([
    expect.stringMatching(/bad\.yml:5: groups\[0\]\.rules\[0\]\.expr: .*unclosed left parenthesis$/),
    expect.stringMatching(/bad\.yml:8: .*unknown key "detektor"; did you mean "detector"\?$/),
  ])
  expect(configuration.code).toBe(1)
  expect(lines(configuration.out).toSorted()).toEqual([
    expect.stringMatching(/bad\.yml:1: lissen: unknown key "lissen"; did you mean "listen"\?$/),
    expect.stringMatching(/bad\.yml:2: listen\.http: a port from 0 to 65535, or off \(is 99999999\)$/),
    expect.stringMatching(/bad\.yml:3: limits\.queue: a whole number above 0 \(is -1\)$/),
  ])
  expect([own.code, own.out]).toEqual([0, expect.stringMatching(/^ok: \d+ rules/)])
})

test('a checkout without its packages says how they come', async () => {
  cpSync(dirname(BIN), join(folder, 'bare/bin'), { recursive: true })
  mkdirSync(join(folder, 'bare/app'))
  write('bare/package.json', '{ "type": "module" }')
  write('bare/app/main.ts', "import '@nobody/has-this'\n")
  const { code, out, err } = await run(join(folder, 'bare/bin/barograph.js'))
  expect([code, out]).toEqual([1, ''])
  expect(err).toBe("barograph: Cannot find package '@nobody/has-this'; npm ci installs what is needed\n")
})

test('check counts as people do, and wants an address of --against before it asks there', async () => {
  write('one.yml', 'groups: [{name: a, rules: [{alert: A, expr: up == 0}]}]\n')
  const [one, nowhere] = await Promise.all([
    barograph('check', 'one.yml'),
    barograph('check', 'one.yml', '--against', 'prometheus:9090'),
  ])
  expect([one.code, one.out]).toEqual([0, 'ok: 1 rule and 0 scaling policies in 1 file\n'])
  expect([nowhere.code, nowhere.err]).toEqual([
    2,
    'barograph: --against prometheus:9090: expected an http or https URL, like http://prometheus:9090\n',
  ])
})

test('check notes a severity that no incident knows, once for all rules that have it', async () => {
  const labelled = ['A', 'B'].map((name) => `{alert: ${name}, expr: up, labels: {severity: page}}`)
  const computed = "{alert: C, expr: up, labels: {severity: '{{ $labels.severity }}'}}"
  write('page.yml', `groups: [{name: a, rules: [${[...labelled, computed].join(', ')}]}]\n`)
  const { code, err } = await barograph('check', 'page.yml')
  expect([code, err.replace(/ \S*page\.yml/, ' page.yml')]).toEqual([
    0,
    'note: page.yml: alert A and 1 other: severity page counts for nothing in an incident, which knows info, warning, error, critical\n',
  ])
})

test('check --against asks for what people’s own rules read, in words that every server knows; packs are not to blame', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('match[]') ?? '')
    response.end(JSON.stringify({ status: 'success', data: [] }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  write('own.yml', 'groups: [{name: a, rules: [{alert: A, expr: \'upp{job="x"} == 0\'}]}]\n')
  write('with-packs.yml', `rules: ['${join(ROOT, 'rules')}', own.yml]\n`)
  const { code, out } = await barograph('check', '--config', 'with-packs.yml', '--against', `http://127.0.0.1:${port}`)
  server.close()
  expect([code, asked]).toEqual([1, ['{__name__="upp",job="x"}', '{__name__="upp"}']])
  expect(out).toMatch(/own\.yml: a: alert A: no series matches upp\{job="x"\}; there is no metric of that name\n$/)
})

test('check tells what is wrong in a group, its rules and the demand of a policy all the same', async () => {
  write(
    'units.yml',
    'groups:\n  - name: a\n    interval: 5\n    rules:\n      - anomaly: A\n        expr: up\n        budget: 2\n        detector: {kind: band, window: 1 hour}\n' +
      'scaling:\n  - {name: p, target: {kind: Deployment, namespace: a, name: b}, demand: sum(, capacity: 1, min: 1, max: 2}\n',
  )
  const { code, out } = await barograph('check', 'units.yml')
  expect([code, lines(out).map((line) => line.replace(/^.*units\.yml/, ''))]).toEqual([
    1,
    [
      ':3: groups[0].interval: a duration, like 30s, 5m or 1h30m',
      ':7: groups[0].rules[0].budget: a count and a time, like 2/week, 1/day or 1/month',
      ':8: groups[0].rules[0].detector: detector band: window: not a duration: "1 hour"; write it like 30s, 5m or 1h30m',
      ':10: scaling[0].demand: 1:5: parse error: unclosed left parenthesis',
    ],
  ])
})

test('config prints what is in force, and no secret; a bad --set is one line', async () => {
  const [good, bad] = await Promise.all([
    barograph(
      'config',
      '--set',
      'listen.http=17300',
      '--set',
      'elasticsearch={url: "http://es:9200", auth: {api_key: hunter2}}',
    ),
    barograph('config', '--set', 'listen.http=['),
  ])
  expect(good.code).toBe(0)
  expect(good.out).toContain('http: 17300')
  expect(good.out).toContain('api_key: <secret>')
  expect(good.out).not.toContain('hunter2')
  expect([bad.code, bad.err]).toEqual([
    1,
    expect.stringMatching(/^barograph: --set listen.http=\[: the value is not YAML/),
  ])
})
