import type { RouteModule } from '../route.ts'

export const health: RouteModule = {
  name: 'health',
  family: 'plain',
  paths: ['/-/healthy', '/-/ready'],
  mount(app, api) {
    app.get('/-/healthy', (c) => c.text('Barograph is healthy.\n'))
    app.get('/-/ready', (c) => {
      const reason = api.ready()
      return reason === null ? c.text('Barograph is ready.\n') : c.text(`Barograph is not ready: ${reason}\n`, 503)
    })
  },
}
