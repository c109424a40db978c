import { labelNamesOf } from '#core/label-listing.ts'

import { Form } from '../prometheus/form.ts'
import { namesOfSelectors } from '../prometheus/matching.ts'
import { namesAnswer } from '../prometheus/names.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/labels'

export const labels: RouteModule = {
  name: 'labels',
  family: 'prometheus',
  paths: [PATH],
  mount(app, api) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const { ports } = api
      const form = await Form.of(c)
      const limit = form.limit()
      const names = await namesOfSelectors(form, api, (matchers, range) => {
        return labelNamesOf(ports.reader, matchers, range)
      })
      return namesAnswer(api, names, limit)
    })
  },
}
