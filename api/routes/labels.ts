import { Form } from '../prometheus/form.ts'
import { labelSetsOf } from '../prometheus/matching.ts'
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
      const names = new Set<string>()
      for (const set of labelSetsOf(ports.reader, form, ports.query)) for (const [name] of set) names.add(name)
      return sortedNames(names, limit)
    })
  },
}
