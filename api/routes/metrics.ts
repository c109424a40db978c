import type { RouteModule } from '../route.ts'

const PATH = '/metrics'

export const metrics: RouteModule = {
  name: 'metrics',
  family: 'plain',
  paths: [PATH],
  mount(app, api) {
    app.get(PATH, async (c) =>
      c.body(await api.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
    )
  },
}
