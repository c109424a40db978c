import { alertForm } from '../prometheus/alert.ts'
import { success } from '../prometheus/envelope.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/alerts'

export const alerts: RouteModule = {
  name: 'alerts',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.get(PATH, () => success({ alerts: ports.alerts.active().map(alertForm) }))
  },
}
