import { success } from '../prometheus/envelope.ts'
import { queryError } from '../prometheus/evaluation.ts'
import { Form } from '../prometheus/form.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/format_query'

/** An expression, written well. */
export const formatQuery: RouteModule = {
  name: 'format-query',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      try {
        return success(ports.query.format(form.text('query')))
      } catch (error) {
        throw queryError(error)
      }
    })
  },
}
