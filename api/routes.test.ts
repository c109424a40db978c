import { globSync } from 'node:fs'
import { basename, join } from 'node:path'

import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'

import type { RouteModule } from './route.ts'
import * as LIST from './routes.ts'
import { fixture } from './testing/api.fixture.ts'

const modules: readonly RouteModule[] = Object.values(LIST)
const methods = ['get', 'post'] as const

interface Operation {
  readonly summary?: string
  readonly responses: Record<string, { content: Record<string, { schema: object }> }>
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Partial<Record<(typeof methods)[number], Operation>>>
  readonly components: { readonly schemas: Record<string, object> }
}

const document = (await fixture().json('/openapi.json')) as Document

/** A request that each own path answers well; the golden file of its answer is named after it. */
const GOOD: Readonly<Record<string, string>> = {
  '/api/v1/changes': '/api/v1/changes',
  '/api/v1/findings': '/api/v1/findings',
  '/api/v1/findings/{id}': '/api/v1/findings/f_0000000000000002',
  '/api/v1/forecast': '/api/v1/forecast?query=checkout_demand',
  '/api/v1/graph': '/api/v1/graph',
  '/api/v1/incidents': '/api/v1/incidents?lang=zh',
  '/api/v1/incidents/{id}': '/api/v1/incidents/i_0000000000000001',
  '/api/v1/scaling': '/api/v1/scaling',
  '/api/v1/scaling/{policy}': '/api/v1/scaling/checkout?history=1',
  '/api/v1/scores': '/api/v1/scores',
  '/api/v1/upstreams': '/api/v1/upstreams',
}

function validator(schema: object) {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  return ajv.compile({ ...schema, components: document.components })
}

test('every file of a route is on the list, under its own name', () => {
  const files = globSync('*.ts', { cwd: join(import.meta.dirname, 'routes') }).filter(
    (file) => !file.endsWith('.test.ts'),
  )
  expect(modules.map(({ name }) => name).toSorted()).toEqual(files.map((file) => basename(file, '.ts')).toSorted())
})

const all = modules.flatMap((module) => module.paths.map((path) => ({ path, module })))
const own = all.filter(({ module }) => module.family === 'own')
const others = all.filter(({ module }) => module.family !== 'own')

test.each(all)('$path answers, and refuses methods that it does not know', async ({ path }) => {
  const response = await fixture().ask(path.replaceAll(/\{\w+\}/g, 'x'), { method: 'PATCH' })
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toMatch(/GET|POST/)
})

test.each(own)('$path, which is ours, is in OpenAPI, with a summary', ({ path }) => {
  const operations = methods.flatMap((method) => document.paths[path]?.[method] ?? [])
  expect(operations).not.toEqual([])
  for (const { summary } of operations) expect(summary).toMatch(/./)
})

test.each(others)('$path, which others define, is not in OpenAPI', ({ path }) => {
  expect(document.paths).not.toHaveProperty([path])
})

describe('what is answered', () => {
  test('is tried for every own path that is read as JSON', () => {
    const read = Object.entries(document.paths).filter(
      ([, { get }]) => get?.responses['200']?.content['application/json'],
    )
    expect(read.map(([path]) => path).toSorted()).toEqual(Object.keys(GOOD).toSorted())
  })

  test.each(Object.entries(GOOD))('on %s agrees with its schema and its golden file', async (path, address) => {
    const response = await fixture().ask(address)
    expect(response.status).toBe(200)
    const body: unknown = await response.json()
    const schema = document.paths[path]?.get?.responses['200']?.content['application/json']?.schema
    const validate = validator(schema ?? {})
    expect(validate(body) ? [] : validate.errors).toEqual([])
    const name = path
      .slice('/api/v1/'.length)
      .replaceAll(/[/{}]+/g, '-')
      .replace(/-$/, '')
    await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot(`../tests/golden/api/${name}.json`)
  })

  test('is described, as OpenAPI 3.1 and on a page that loads nothing from elsewhere', async () => {
    expect(document.openapi).toBe('3.1.0')
    const page = await (await fixture().ask('/docs')).text()
    for (const path of Object.keys(document.paths)) expect(page).toContain(path)
    expect(page).not.toMatch(/https?:\/\//)
  })
})
