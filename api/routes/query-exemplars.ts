import { success } from '../prometheus/envelope.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/query_exemplars'

/** No exemplars are stored, so none are found; Grafana asks all the same. */
export const queryExemplars: RouteModule = {
  name: 'query-exemplars',
  family: 'prometheus',
  paths: [PATH],
  mount(app) {
    app.on(['GET', 'POST'], PATH, () => success([]))
  },
}
