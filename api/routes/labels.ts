import { labelNamesOf } from '#core/label-listing.ts'

import { Form } from '../prometheus/form.ts'
import { ofEachSelector } from '../prometheus/matching.ts'
import { sortedNames } from '../prometheus/names.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/labels'

export const labels: RouteModule = {
  name: 'labels',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      const limit = form.limit()
      const names = ofEachSelector(form, ports.query, (matchers, range) => {
        return labelNamesOf(ports.reader, matchers, range)
      })
      return sortedNames(names, limit)
    })
  },
}
