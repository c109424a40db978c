// Rules of the code that a reader would otherwise have to remember: sizes, banned calls, names, lists in order.
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { type Node, parseSync, Visitor } from 'oxc-parser'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const ROOMS = '{app,core,collector,query,detectors,alerting,scaling,upstream,api,dashboards,rules,demo,bin}'

const MAX_FILE_LINES = 500
const MAX_MEDIAN_LINES = 120
const MAX_P95_LINES = 400
const MAX_FUNCTION_LINES = 70

interface Source {
  readonly path: string
  readonly text: string
  readonly program: ReturnType<typeof parseSync>
}

interface Reach {
  readonly source: Source
  readonly what: string
  readonly offset: number
}

function load(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return { path, text, program: parseSync(path, text) }
}

const isTest = (path: string): boolean => path.endsWith('.test.ts')

const everything = globSync(`{${ROOMS},tests,bench}/**/*.{ts,js}`, { cwd: ROOT })
const sources = globSync(`${ROOMS}/**/*.{ts,js}`, { cwd: ROOT })
  .filter((path) => !isTest(path))
  .map(load)
/** What runs in our process: the console is the browser's, and bin/ must read on an old Node. */
const ours = sources.filter(({ path }) => path.endsWith('.ts'))

function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

function lineAt(text: string, offset: number): number {
  return linesOf(text.slice(0, offset + 1))
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0
}

/** Functions over the limit, as `path:line is … lines`. */
function longFunctions({ path, text, program }: Source): string[] {
  const found: string[] = []
  const measure = (node: { start: number; end: number }): void => {
    const first = lineAt(text, node.start)
    const lines = lineAt(text, node.end - 1) - first + 1
    if (lines > MAX_FUNCTION_LINES) found.push(`${path}:${first} is ${lines} lines`)
  }
  new Visitor({
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(program.program)
  return found
}

/** Places where the clock, chance, the environment or the end of the process is reached for, by what is called there. */
function reaches(source: Source): Reach[] {
  const found: Reach[] = []
  const note = (what: string, offset: number): void => {
    found.push({ source, what, offset })
  }
  new Visitor({
    MemberExpression(node) {
      const object = memberName(node.object)
      if (object !== '') note(`${object}.${memberName(node)}`, node.start)
    },
    NewExpression(node) {
      if (nameOf(node.callee) === 'Date' && node.arguments.length === 0) note('new Date()', node.start)
    },
    CallExpression(node) {
      if (nameOf(node.callee) === 'Date') note('Date()', node.start)
    },
    ImportDeclaration(node) {
      const from = node.source.value.replace(/^node:/, '')
      if (from !== 'process' && from !== 'perf_hooks') return
      for (const specifier of node.specifiers) {
        if (specifier.type === 'ImportSpecifier') note(`${from}.${nameOf(specifier.imported)}`, node.start)
      }
    },
  }).visit(source.program.program)
  return found
}

function nameOf(node: Node): string {
  return node.type === 'Identifier' ? node.name : ''
}

/** `now` of `Date.now` and of `Date['now']`, `Date` of `globalThis.Date`, and a plain identifier's own name; else ''. */
function memberName(node: Node): string {
  if (node.type !== 'MemberExpression') return nameOf(node)
  if (!node.computed) return nameOf(node.property)
  return node.property.type === 'Literal' ? String(node.property.value) : ''
}

const reached = ours.flatMap(reaches)

function mayTellTime(path: string): boolean {
  return path === 'core/clock.ts' || path === 'core/random.ts' || path.startsWith('demo/')
}

/** Every use of one of `calls` outside the files that may. */
function misuse(calls: readonly string[], mayUse: (path: string) => boolean): string[] {
  return reached
    .filter(({ what, source }) => calls.includes(what) && !mayUse(source.path))
    .map(({ what, source, offset }) => `${source.path}:${lineAt(source.text, offset)} ${what}`)
}

test('the checker sees the code it is meant to check', () => {
  expect(ours.length).toBeGreaterThan(3)
  expect(sources.flatMap(({ program }) => program.errors)).toEqual([])
  const planted = load('tests/tidy.test.ts')
  expect(longFunctions(planted)).toEqual([])
  expect(
    reaches(probe('new Date(); Date.now(); process["env"]; globalThis.Math.random()')).map(({ what }) => what),
  ).toEqual(['new Date()', 'Date.now', 'process.env', 'Math.random', 'globalThis.Math'])
  expect(longFunctions(probe(`const f = () => {${'\n'.repeat(MAX_FUNCTION_LINES)}}`))).toHaveLength(1)
})

function probe(text: string): Source {
  return { path: 'probe.ts', text, program: parseSync('probe.ts', text) }
}

test('files are short', () => {
  const sizes = sources.map(({ path, text }) => ({ path, lines: linesOf(text) }))
  expect(sizes.filter(({ lines }) => lines > MAX_FILE_LINES)).toEqual([])
  const sorted = sizes.map(({ lines }) => lines).toSorted((a, b) => a - b)
  expect(quantile(sorted, 0.5)).toBeLessThanOrEqual(MAX_MEDIAN_LINES)
  expect(quantile(sorted, 0.95)).toBeLessThanOrEqual(MAX_P95_LINES)
})

test('functions are short', () => {
  expect(sources.flatMap(longFunctions)).toEqual([])
})

test('time and chance come in through the constructor', () => {
  const calls = ['Date.now', 'Date()', 'new Date()', 'Math.random', 'performance.now', 'perf_hooks.performance']
  expect(misuse(calls, mayTellTime)).toEqual([])
})

test('the environment is read in core/config alone', () => {
  expect(misuse(['process.env'], (path) => path.startsWith('core/config/'))).toEqual([])
})

test('the process ends in app/main.ts alone', () => {
  expect(misuse(['process.exit', 'process.abort'], (path) => path === 'app/main.ts')).toEqual([])
})

test('nothing is left for later in the code', () => {
  const later = /\b(?:T[O]DO|FIX[M]E|X[X]X)\b/
  const left = everything.filter((path) => later.test(readFileSync(join(ROOT, path), 'utf8')))
  expect(left).toEqual([])
})

test('a list of parts is in order', () => {
  const unordered = ours
    .filter(({ text }) => /^\/[/*].*THE LIST/.test(text))
    .filter(({ program }) => {
      const paths = program.module.staticExports.flatMap(({ entries }) => entries[0]?.moduleRequest?.value ?? [])
      return paths.some((path, i) => i > 0 && path < paths[i - 1]!)
    })
  expect(unordered.map(({ path }) => path)).toEqual([])
})

test('a folder is called by what it holds', () => {
  const vague = new Set(['types', 'utils', 'common', 'helpers'])
  const folders = new Set(everything.map((path) => dirname(path)))
  expect([...folders].filter((path) => path.split('/').some((part) => vague.has(part)))).toEqual([])
  expect(everything.map((path) => basename(path)).filter((name) => vague.has(name.split('.')[0] ?? ''))).toEqual([])
})
