// Every query of every dashboard, asked of a Barograph that watches itself.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { freePort } from '../../bench/measure.ts'
import { askDashboard, type Asked } from '../dashboards/ask.ts'
import type { Dashboard } from '../dashboards/queries.ts'

const ROOT = join(import.meta.dirname, '../..')
const RULES = `
groups:
  - name: itself
    interval: 1s
    rules:
      - anomaly: MemoryUnusual
        expr: process_memory_usage
        detector: {kind: band, window: 5m}
      - forecast: samples_in
        expr: sum(rate(barograph_store_samples_total[15s]))
        horizon: 10m
        step: 1m
        quantiles: [0.1, 0.5, 0.9]
`
const READY_MS = 60_000

let folder: string
let base: string
let child: ChildProcess
let said = ''

async function waitFor(what: string, holds: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + READY_MS
  while (Date.now() < until) {
    if (await holds().catch(() => false)) return
    if (child.exitCode !== null) break
    await new Promise((resolve) => {
      setTimeout(resolve, 250)
    })
  }
  throw new Error(`${what} did not come; the process said:\n${said}`)
}

async function hasSeries(query: string): Promise<boolean> {
  const response = await fetch(`${base}/api/v1/query?${new URLSearchParams({ query }).toString()}`)
  const body = (await response.json()) as { data?: { result?: unknown[] } }
  return (body.data?.result?.length ?? 0) > 0
}

async function asked(name: string): Promise<Asked> {
  const dashboard = JSON.parse(readFileSync(join(ROOT, 'dashboards', name), 'utf8')) as Dashboard
  const now = Math.floor(Date.now() / 1000)
  return askDashboard(base, dashboard, { from: now - 600, to: now })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'barograph-dashboards-'))
  writeFileSync(join(folder, 'itself.barograph.yml'), RULES)
  const [http, otlp] = [await freePort(), await freePort()]
  base = `http://127.0.0.1:${http}`
  const settings = [
    `listen.http=${http}`,
    `listen.otlp_http=${otlp}`,
    'listen.otlp_grpc=off',
    `data=${join(folder, 'data')}`,
    `rules=[${join(folder, 'itself.barograph.yml')}]`,
    'observe_self=1s',
    'lateness=1s',
  ]
  child = spawn(process.execPath, ['bin/barograph.js', 'serve', ...settings.flatMap((one) => ['--set', one])], {
    cwd: ROOT,
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  }
  await waitFor('the telemetry of the process', () => hasSeries('rate(barograph_store_samples_total[1m])'))
  await waitFor('a band', () => hasSeries('barograph_upper offset 2s'))
})

afterAll(async () => {
  if (child.exitCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

test('the overview: variables find the rule and its series, every query is answered', async () => {
  const { values, answers } = await asked('overview.json')
  expect(values).toMatchObject({ rule: 'MemoryUnusual', metric: 'process_memory_usage' })
  expect(answers.filter(({ error }) => error !== '')).toEqual([])
  const shown = new Set(answers.filter(({ series }) => series > 0).map(({ panel, refId }) => `${panel} ${refId}`))
  const band = ['A', 'B', 'C', 'D'].map((refId) => `Measured and expected: $rule ${refId}`)
  const wanted = ['Unusual series A', 'Highest score A', 'Series watched A', 'Most unusual series A', ...band]
  expect(wanted.filter((panel) => !shown.has(panel))).toEqual([])
})

test('Barograph itself: every query is answered, and what always moves has something to show', async () => {
  const { answers } = await asked('barograph.json')
  expect(answers.filter(({ error }) => error !== '')).toEqual([])
  const empty = new Set(answers.filter(({ series }) => series === 0).map(({ panel }) => panel))
  const moving = [
    'Samples in',
    'Series',
    'Inputs waiting',
    'Memory of samples',
    'Samples by outcome',
    'Time of an input',
    'Inputs',
    'Values judged',
    'Detector state',
    'Queries',
    'Memory',
  ]
  expect(
    moving.filter((panel) => empty.has(panel) && !answers.some((one) => one.panel === panel && one.series > 0)),
  ).toEqual([])
})
