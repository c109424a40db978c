import { ServiceError } from '#core/errors.ts'

import type { RouteModule } from '../route.ts'

const PATH = '/-/reload'

export const reload: RouteModule = {
  name: 'reload',
  family: 'plain',
  paths: [PATH],
  mount(app, api) {
    app.post(PATH, async (c) => {
      if (api.reload === undefined) throw new ServiceError('not_found', 'nothing can be read again here')
      const waiting = await api.reload()
      const rest = waiting.length === 0 ? '' : `Changes of ${waiting.join(', ')} wait for a restart.\n`
      return c.text(`Rules and scrape jobs are read again.\n${rest}`)
    })
  },
}
