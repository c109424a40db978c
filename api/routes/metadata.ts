import { ServiceError } from '#core/errors.ts'

import { success } from '../prometheus/envelope.ts'
import { Form } from '../prometheus/form.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/metadata'

/** Here negative is as good as none, and Prometheus has words of its own. */
function limitOf(form: Form, name: string): number {
  const text = form.text(name)
  if (text === '') return Infinity
  if (!/^[+-]?\d+$/.test(text)) throw new ServiceError('bad_data', `${name} must be a number`)
  return Number(text) > 0 ? Number(text) : Infinity
}

export const metadata: RouteModule = {
  name: 'metadata',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.get(PATH, async (c) => {
      const form = await Form.of(c)
      const metric = form.text('metric')
      const perMetric = limitOf(form, 'limit_per_metric')
      const limit = limitOf(form, 'limit')
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
