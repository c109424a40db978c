// What README and guide show is taken as it stands: configuration, rules, commands.
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

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
