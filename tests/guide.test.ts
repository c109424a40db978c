// What README and guide show is taken as it stands: configuration, rules, commands.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { json } from 'node:stream/consumers'

import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { loadConfig } from '#core/config/load.ts'
import { formatProblem } from '#core/config/problems.ts'

import * as commands from '../app/commands.ts'
import { configSchema, DEFAULTS } from '../app/config.ts'
import { readRules } from '../app/rules.ts'
import { createQueryEngine } from '../query/index.ts'

const ROOT = join(import.meta.dirname, '..')
const PAGES = ['README.md', 'README.zh.md', ...globSync('docs/guide/*.md', { cwd: ROOT }).toSorted()]

interface Block {
  readonly page: string
  readonly language: string
  readonly text: string
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language, inside]) => ({
    page,
    language: language!,
    text: inside!,
  }))
}

const blocks = PAGES.flatMap(blocksOf)
const query = createQueryEngine({ readers: [] })
const folder = mkdtempSync(join(tmpdir(), 'barograph-guide-'))

function keysOf({ language, text }: Block): string[] {
  return language === 'yaml' ? Object.keys(parse(text) as object) : []
}

function refused({ text }: Block): string[] {
  const file = join(folder, 'barograph.yml')
  writeFileSync(file, text)
  try {
    loadConfig({ schema: configSchema, defaults: DEFAULTS, file, environment: {} })
    return []
  } catch (error) {
    // Secrets lie where the reader keeps them.
    return (error as Error).message.split('\n').filter((line) => !line.includes('cannot read the secret'))
  }
}

test('every configuration is one', () => {
  const shown = blocks.filter((block) => keysOf(block).some((key) => key in DEFAULTS))
  expect(shown.length).toBeGreaterThan(8)
  expect(shown.flatMap((block) => refused(block).map((line) => `${block.page}: ${line}`))).toEqual([])
})

test('every rule file is one', () => {
  const shown = blocks.filter((block) => keysOf(block).some((key) => key === 'groups' || key === 'scaling'))
  expect(shown.length).toBeGreaterThan(2)
  const problems = shown.flatMap(({ page, text }, i) => {
    const file = join(folder, `${i}.yml`)
    writeFileSync(file, text)
    return readRules([file], query).problems.map((problem) => `${page}: ${formatProblem(problem)}`)
  })
  expect(problems).toEqual([])
})

test('every command is one, and no address has what a shell or curl takes for a pattern', () => {
  const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n'))
  const called = lines.flatMap((line) => /^npx barograph (\w+)/.exec(line)?.[1] ?? [])
  expect(called.length).toBeGreaterThan(2)
  expect(called.filter((name) => !Object.hasOwn(commands, name))).toEqual([])
  const addresses = lines.filter((line) => line.startsWith('curl')).map((line) => line.split(' --data-urlencode ')[0]!)
  expect(addresses.length).toBeGreaterThan(5)
  expect(addresses.filter((line) => /\s[^\s']*localhost[^\s']*\?|localhost\S*[[\]{}]/.test(line))).toEqual([])
})

interface Bridge {
  /** Status of the answer to one alert. */
  send(annotations: Readonly<Record<string, string>>): Promise<number>
  end(): void
}

/** The program of the guide, in front of a robot. */
async function bridgeTo(robot: string): Promise<Bridge> {
  const file = join(folder, 'bridge.mjs')
  const { text } = blocks.find(({ language }) => language === 'js')!
  const listening = ".listen(0, '127.0.0.1', function () { console.log(this.address().port) })"
  writeFileSync(file, text.replace('.listen(PORT)', listening))
  const bridge = spawn(process.execPath, [file], { env: { ROBOT: robot }, stdio: ['ignore', 'pipe', 'ignore'] })
  const [port] = (await once(bridge.stdout, 'data')) as [Buffer]
  return {
    async send(annotations) {
      const body = JSON.stringify({ status: 'firing', alerts: [{ labels: {}, annotations }] })
      return (await fetch(`http://127.0.0.1:${Number(port)}/`, { method: 'POST', body })).status
    },
    end: () => bridge.kill(),
  }
}

const title = 'Barograph firing: checkout slow'
const detail = 'p95 is 840 ms'

test.each([
  ['dingtalk', 'errcode', { msgtype: 'markdown', markdown: { title, text: `**${title}**\n\n${detail}` } }],
  ['weixin', 'errcode', { msgtype: 'markdown', markdown: { content: `**${title}**\n\n${detail}` } }],
  ['open-apis/bot/v2/hook', 'code', { msg_type: 'text', content: { text: `${title}\n\n${detail}` } }],
])('the bridge hands an alert on to a robot of %s, and says so where it is not taken', async (path, key, message) => {
  let code = 0
  const heard: unknown[] = []
  const robot = createServer((request, response) => {
    void json(request).then((body) => heard.push(body))
    response.end(JSON.stringify({ [key]: code }))
  }).listen(0, '127.0.0.1')
  await once(robot, 'listening')
  const bridge = await bridgeTo(`http://127.0.0.1:${(robot.address() as AddressInfo).port}/${path}/x`)
  try {
    expect(await bridge.send({ summary: 'checkout slow', description: detail })).toBe(200)
    expect(heard).toEqual([message])
    code = 310_000
    expect(await bridge.send({ summary: 'checkout slow' })).toBe(502)
    // One that is never taken would stand before all others.
    expect(await bridge.send({ description: '慢'.repeat(9000), incident_url: 'http://here' })).toBe(502)
    expect(Buffer.byteLength(JSON.stringify(heard.at(-1)))).toBeLessThan(4096)
    expect(JSON.stringify(heard.at(-1))).toContain('http://here')
  } finally {
    bridge.end()
    robot.close()
  }
})

test('the bridge outlives a robot that is away', async () => {
  const bridge = await bridgeTo('http://127.0.0.1:9/')
  try {
    for (let i = 0; i < 2; i++) expect(await bridge.send({})).toBe(502)
  } finally {
    bridge.end()
  }
})

test('every link to a page leads to one', () => {
  const pages = [...PAGES, 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...globSync('docs/decisions/*.md', { cwd: ROOT })]
  const lost = pages.flatMap((page) => {
    const links = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)]+)\)/g)].map(([, to]) => to!)
    return links.filter((to) => !/^https?:/.test(to) && !leads(page, to)).map((to) => `${page} -> ${to}`)
  })
  expect(lost).toEqual([])
})

/** To a file, and to a heading in it where one is named. */
function leads(page: string, to: string): boolean {
  const [path = '', heading = ''] = to.split('#')
  const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return false
  }
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, words]) => anchorOf(words!))
  return heading === '' || headings.includes(heading)
}

const anchorOf = (words: string): string =>
  words
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
