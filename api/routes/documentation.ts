import type { OpenAPIHono } from '@hono/zod-openapi'
import { html } from 'hono/html'

import type { RouteModule } from '../route.ts'
import { PAGE_POLICY } from '../server/files.ts'

interface Operation {
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly parameters: readonly string[]
}

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>

/** What is on the list of routes as OpenAPI 3.1; made once, for nothing in it changes. */
function documentOf(app: OpenAPIHono, version: string, url: string): Document {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Barograph',
      version,
      description:
        'Findings, incidents, forecasts and replica hints. Beside them, the HTTP API of Prometheus is served.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    ...(url === '' ? {} : { servers: [{ url }] }),
  })
}

function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = item[method]
      if (operation === undefined) return []
      const names = (operation.parameters ?? []).flatMap((parameter) => ('name' in parameter ? parameter.name : []))
      return { method: method.toUpperCase(), path, summary: operation.summary ?? '', parameters: names }
    }),
  )
}

function page(operations: readonly Operation[], version: string) {
  const rows = operations.map(
    ({ method, path, summary, parameters }) =>
      html`<tr>
        <td>${method}</td>
        <td><code>${path}</code></td>
        <td>${summary}</td>
        <td>${parameters.join(', ')}</td>
      </tr>`,
  )
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Barograph API</title>
        <style>
          body {
            font:
              15px/1.5 system-ui,
              sans-serif;
            margin: 2rem auto;
            max-width: 70rem;
            padding: 0 1rem;
          }
          table {
            border-collapse: collapse;
            width: 100%;
          }
          td,
          th {
            text-align: left;
            padding: 0.3rem 0.8rem 0.3rem 0;
            border-bottom: 1px solid #ccc;
          }
        </style>
      </head>
      <body>
        <h1>Barograph ${version}</h1>
        <p>
          The whole description: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Beside these paths the HTTP API
          of Prometheus is served under <code>/api/v1</code>, and <a href="/metrics">/metrics</a>,
          <code>/-/healthy</code>, <code>/-/ready</code>, <code>/-/reload</code>.
        </p>
        <table>
          <tr>
            <th></th>
            <th>path</th>
            <th>what</th>
            <th>parameters</th>
          </tr>
          ${rows}
        </table>
      </body>
    </html>`
}

export const documentation: RouteModule = {
  name: 'documentation',
  family: 'plain',
  paths: ['/openapi.json', '/docs'],
  mount(app, api) {
    let document: Document | undefined
    const read = (): Document => (document ??= documentOf(api.whole(), api.version, api.external_url))
    app.get('/openapi.json', () => Response.json(read()))
    app.get('/docs', (c) => {
      c.header('content-security-policy', PAGE_POLICY)
      return c.html(page(operationsOf(read()), api.version))
    })
  },
}
