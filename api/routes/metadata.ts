import { success } from '../prometheus/envelope.ts'
import { Form } from '../prometheus/form.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/metadata'

export const metadata: RouteModule = {
  name: 'metadata',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.get(PATH, async (c) => {
      const form = await Form.of(c)
      const metric = form.text('metric')
      const perMetric = form.limit('limit_per_metric')
      const limit = form.limit()
      const found = new Map<string, { type: string; help: string; unit: string }[]>()
      for (const { name, type, help, unit } of ports.reader.metadata()) {
        if (metric !== '' && name !== metric) continue
        const known = found.get(name)
        if (known === undefined && found.size < limit) found.set(name, [{ type, help, unit }])
        else if (known !== undefined && known.length < perMetric) known.push({ type, help, unit })
      }
      return success(Object.fromEntries(found))
    })
  },
}
