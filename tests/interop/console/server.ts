// Serves the console as the API does, and the story behind it.
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { json as jsonBody } from 'node:stream/consumers'

import type { Story } from './story.ts'

const ROOT = join(import.meta.dirname, '../../..')
const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}
// Stricter than the API is: no style in the page's text either.
const POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

export interface ConsoleServer {
  readonly url: string
  /** Paths that were asked for and not known. */
  readonly unknown: string[]
  push(kind: 'finding' | 'incident' | 'hint', data: object): void
  close(): Promise<void>
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const success = (data: unknown): object => ({ status: 'success', data })

const LABELS: Record<string, string[]> = {
  __name__: [
    'http_requests_total',
    'http_server_request_duration_seconds_bucket',
    'system_cpu_utilization',
    'system_memory_usage_bytes',
  ],
  service: ['checkout', 'payments-db', 'search'],
}

function prometheus(story: Story, path: string, params: URLSearchParams, response: ServerResponse): boolean {
  const query = params.get('query') ?? ''
  if (query.includes('rate(nothing')) {
    json(
      response,
      {
        status: 'error',
        errorType: 'bad_data',
        error: 'invalid parameter "query": 1:14: parse error: unclosed left bracket',
      },
      400,
    )
  } else if (path === 'query') {
    const value = story.figure(query)
    json(
      response,
      success({
        resultType: 'vector',
        result: value === undefined ? [] : [{ metric: {}, value: [story.now_ms / 1000, String(value)] }],
      }),
    )
  } else if (path === 'query_range') {
    const [from, to, step] = ['start', 'end', 'step'].map((name) => Number(params.get(name)))
    json(response, success({ resultType: 'matrix', result: story.range(query, from!, to!, step!) }))
  } else if (path === 'rules') json(response, success(story.rules(params.get('type') ?? '')))
  else if (path === 'status/config') json(response, success({ yaml: 'time_zone: UTC\n' }))
  else if (path === 'metadata') json(response, success({}))
  else if (path === 'labels') json(response, success(['__name__', 'code', 'service']))
  else if (path.startsWith('label/')) json(response, success(LABELS[path.split('/')[1] ?? ''] ?? []))
  else return false
  return true
}

async function hear(story: Story, id: string, request: IncomingMessage): Promise<void> {
  const { feedback } = (await jsonBody(request)) as { feedback: string }
  story.said(id, feedback)
}

function own(
  story: Story,
  path: string,
  params: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const zh = params.get('lang') === 'zh'
  const state = params.get('state') ?? ''
  const [, id = '', command = ''] = path.split('/')
  if (path === 'incidents') {
    const all = [story.incident(zh), story.older(zh)] as { state: string }[]
    json(response, { incidents: all.filter((one) => state === '' || state.split(',').includes(one.state)) })
  } else if (path === 'findings') {
    const all = Object.values(story.findings()[zh ? 'zh' : 'en'] as Record<string, { state: string }>)
    json(response, { findings: all.filter((one) => state === '' || one.state === state) })
  } else if (command === 'feedback') {
    void hear(story, id, request).then(() => own(story, path.replace(/\/feedback$/, ''), params, request, response))
  } else if (path.startsWith('incidents/')) {
    if (command !== '') story.state = command === 'ack' ? 'acknowledged' : 'resolved'
    if (id === 'i_1f3a') json(response, story.incident(zh))
    else json(response, { error: { code: 'not_found', message: `no incident "${id}"` } }, 404)
  } else if (path.startsWith('findings/')) {
    const found = (story.findings()[zh ? 'zh' : 'en'] as Record<string, object>)[id]
    json(
      response,
      found ?? { error: { code: 'not_found', message: `no finding "${id}"` } },
      found === undefined ? 404 : 200,
    )
  } else if (path === 'changes') json(response, { changes: story.changes() })
  else if (path === 'scaling') json(response, { policies: story.policies(zh) })
  else if (path === 'scores') json(response, { scores: story.scores() })
  else if (path === 'forecast') json(response, story.forecast(params.get('query') ?? ''))
  else return false
  return true
}

async function file(path: string, response: ServerResponse): Promise<boolean> {
  const inside = normalize(path === '/' ? '/index.html' : path)
  const place = inside.startsWith('/vendor/')
    ? join(ROOT, 'node_modules/uplot/dist', inside.slice(8))
    : join(ROOT, 'api/console', inside)
  const bytes = await readFile(place).catch(() => undefined)
  if (bytes === undefined) return false
  response
    .writeHead(200, {
      'content-type': TYPES[extname(place)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    })
    .end(bytes)
  return true
}

export async function serveConsole(story: Story): Promise<ConsoleServer> {
  const streams = new Set<ServerResponse>()
  const unknown: string[] = []
  const answerFile = async (pathname: string, response: ServerResponse): Promise<void> => {
    if (await file(pathname, response)) return
    unknown.push(pathname)
    json(response, { error: { code: 'not_found', message: pathname } }, 404)
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://console')
    const path = pathname.replace(/^\/api\/v1\//, '')
    if (path === 'stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 3000\n\n')
      streams.add(response)
      return
    }
    if (
      path !== pathname &&
      (prometheus(story, path, searchParams, response) || own(story, path, searchParams, request, response))
    )
      return
    void answerFile(pathname, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    unknown,
    push(kind, data) {
      for (const stream of streams) stream.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
