import { labelValuesOf } from '#core/label-listing.ts'

import { Form } from '../prometheus/form.ts'
import { labelNameOf } from '../prometheus/label-name.ts'
import { namesOfSelectors } from '../prometheus/matching.ts'
import { namesAnswer } from '../prometheus/names.ts'
import { type RouteModule, routerPath } from '../route.ts'

const PATH = '/api/v1/label/{name}/values'

export const labelValues: RouteModule = {
  name: 'label-values',
  family: 'prometheus',
  paths: [PATH],
  mount(app, api) {
    app.get(routerPath(PATH), async (c) => {
      const name = labelNameOf(c.req.param('name') ?? '')
      const { ports } = api
      const form = await Form.of(c)
      const limit = form.limit()
      const values = await namesOfSelectors(form, api, (matchers, range) => {
        return labelValuesOf(ports.reader, name, matchers, range)
      })
      return namesAnswer(api, values, limit)
    })
  },
}
