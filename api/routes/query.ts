import { evaluate } from '../prometheus/evaluation.ts'
import { Form } from '../prometheus/form.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/query'

export const query: RouteModule = {
  name: 'query',
  family: 'prometheus',
  paths: [PATH],
  mount(app, api) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      const time_ms = form.time('time', api.clock.now_ms())
      return evaluate(c, form, api, (options) => api.ports.query.instant(form.text('query'), time_ms, options))
    })
  },
}
