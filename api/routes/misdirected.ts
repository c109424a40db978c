import type { RouteModule } from '../route.ts'

const SIGNALS = ['/v1/metrics', '/v1/logs', '/v1/traces']

/** OTLP that was sent to this port: its sender is told which one takes it. */
export const misdirected: RouteModule = {
  name: 'misdirected',
  family: 'plain',
  paths: SIGNALS,
  mount(app) {
    for (const path of SIGNALS) {
      app.post(path, (c) =>
        c.text('OTLP is not taken here: send it to the port of listen.otlp_http, 4318 by default\n', 404),
      )
    }
  },
}
