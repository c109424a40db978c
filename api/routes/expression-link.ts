import type { RouteModule } from '../route.ts'

/** Where the `generatorURL` of an alert leads, as with Prometheus: `/graph?g0.expr=EXPR`. Here the series browser shows it. */
export const expressionLink: RouteModule = {
  name: 'expression-link',
  family: 'plain',
  paths: ['/graph'],
  mount(app) {
    app.get('/graph', (c) => {
      const expr = c.req.query('g0.expr') ?? ''
      // Relative: a proxy may have put us under a path.
      return c.redirect(`./#/series${expr === '' ? '' : `?${new URLSearchParams({ q: expr }).toString()}`}`)
    })
  },
}
