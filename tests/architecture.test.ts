// The import rule of the house, checked as an ordinary test. The table is the rule: see ARCHITECTURE.md.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** Folder -> the folders it may import. A folder may always import itself; `tests` and `bench` may import anything. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  collector: ['core'],
  query: ['core'],
  detectors: ['core'],
  alerting: ['core'],
  scaling: ['core'],
  upstream: ['core'],
  api: ['core'],
  dashboards: ['core'],
  rules: ['core'],
  demo: ['core'],
  app: [
    'core',
    'collector',
    'query',
    'detectors',
    'alerting',
    'scaling',
    'upstream',
    'api',
    'dashboards',
    'rules',
    'demo',
  ],
  bin: ['app'],
}

interface Edge {
  readonly from: string
  readonly to: string
  readonly specifier: string
}

/** Every specifier the file imports or re-exports: static, dynamic and type-only alike. */
function specifiersOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const { module, errors } = parseSync(file, text)
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`)
  return [
    ...module.staticImports.map((node) => node.moduleRequest.value),
    ...module.staticExports.flatMap((node) => node.entries.map((entry) => entry.moduleRequest?.value ?? '')),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
  ].filter((specifier) => specifier !== '')
}

/** The repository path a specifier points to, or null for a package or a builtin. */
function target(file: string, specifier: string): string | null {
  if (specifier.startsWith('#')) return specifier.slice(1)
  if (specifier.startsWith('.')) return relative(ROOT, join(ROOT, dirname(file), specifier))
  return null
}

const roomOf = (path: string): string => path.split('/')[0] ?? ''

const show = ({ from, to }: Edge): string => `${from} -> ${to}`

const files = globSync(`{${Object.keys(MAY_IMPORT).join(',')}}/**/*.{ts,js}`, { cwd: ROOT })
const edges: Edge[] = files.flatMap((from) =>
  specifiersOf(from).flatMap((specifier) => {
    const to = target(from, specifier)
    return to === null ? [] : [{ from, to, specifier }]
  }),
)

test('the checker sees the code it is meant to check', () => {
  expect(files.length).toBeGreaterThan(3)
  expect(edges.length).toBeGreaterThan(3)
  expect(specifiersOf('bin/barograph.js')).toContain('../app/main.ts')
})

test('a folder imports only what the table allows', () => {
  const broken = edges.filter(({ from, to }) => {
    const [here, there] = [roomOf(from), roomOf(to)]
    if (from.endsWith('.test.ts') && there === 'tests') return false
    return here !== there && MAY_IMPORT[here]?.includes(there) !== true
  })
  expect(broken.map(show)).toEqual([])
})

test('a room reaches the hall as #core/…, so that moving a file inside the room changes nothing', () => {
  const winding = edges.filter(
    ({ from, to, specifier }) => roomOf(from) !== 'core' && roomOf(to) === 'core' && !specifier.startsWith('#core/'),
  )
  expect(winding.map(show)).toEqual([])
})

test('app opens a room only by its front door', () => {
  const windows = edges.filter(({ from, to }) => {
    const room = roomOf(to)
    return roomOf(from) === 'app' && room !== 'app' && room !== 'core' && to !== `${room}/index.ts`
  })
  expect(windows.filter(({ from }) => !from.endsWith('.test.ts')).map(show)).toEqual([])
})
