import { ServiceError } from '#core/errors.ts'

import { listPieces, successPieces, TRUNCATED } from '../prometheus/envelope.ts'
import { Form } from '../prometheus/form.ts'
import { labelSetsOf } from '../prometheus/matching.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/series'

export const series: RouteModule = {
  name: 'series',
  family: 'prometheus',
  paths: [PATH],
  mount(app, api) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      const limit = form.limit()
      if (form.all('match[]').length === 0) throw new ServiceError('bad_data', 'no match[] parameter provided')
      const found = await labelSetsOf(form, api, limit + 1)
      const shown = found.length > limit ? found.slice(0, limit) : found
      const notes = found.length > limit ? { warnings: [TRUNCATED] } : {}
      return api.deliveries.send({
        points: shown.length,
        series: shown.length,
        pieces: (json) => successPieces(json, listPieces(json, shown, notes)),
      })
    })
  },
}
