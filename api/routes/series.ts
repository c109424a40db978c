import { ServiceError } from '#core/errors.ts'

import { success, TRUNCATED } from '../prometheus/envelope.ts'
import { Form } from '../prometheus/form.ts'
import { labelSetsOf } from '../prometheus/matching.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/series'

export const series: RouteModule = {
  name: 'series',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      const limit = form.limit()
      if (form.all('match[]').length === 0) throw new ServiceError('bad_data', 'no match[] parameter provided')
      const found = labelSetsOf(ports.reader, form, ports.query)
      return found.length > limit ? success(found.slice(0, limit), { warnings: [TRUNCATED] }) : success(found)
    })
  },
}
