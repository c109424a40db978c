import { labelValuesOf } from '#core/label-listing.ts'

import { Form } from '../prometheus/form.ts'
import { labelNameOf } from '../prometheus/label-name.ts'
import { ofEachSelector } from '../prometheus/matching.ts'
import { sortedNames } from '../prometheus/names.ts'
import { type RouteModule, routerPath } from '../route.ts'

const PATH = '/api/v1/label/{name}/values'

export const labelValues: RouteModule = {
  name: 'label-values',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.get(routerPath(PATH), async (c) => {
      const name = labelNameOf(c.req.param('name') ?? '')
      const form = await Form.of(c)
      const limit = form.limit()
      const values = ofEachSelector(form, ports.query, (matchers, range) => {
        return labelValuesOf(ports.reader, name, matchers, range)
      })
      return sortedNames(values, limit)
    })
  },
}
