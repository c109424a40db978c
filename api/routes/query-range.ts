import { ServiceError } from '#core/errors.ts'

import { evaluate } from '../prometheus/evaluation.ts'
import { Form, invalidParameter } from '../prometheus/form.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/query_range'
const MOST_POINTS = 11_000

/** `start`, `end` and `step` in ms, in the order and words in which Prometheus checks them. */
function stepsOf(form: Form): { from_ms: number; to_ms: number; step_ms: number } {
  const from_ms = form.time('start')
  const to_ms = form.time('end')
  if (to_ms < from_ms) throw invalidParameter('end', 'end timestamp must not be before start time')
  const step_ms = Math.trunc(form.span('step') ?? Number.NaN)
  if (Number.isNaN(step_ms)) throw invalidParameter('step', 'cannot parse "" to a valid duration')
  if (step_ms <= 0) {
    throw invalidParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    )
  }
  if ((to_ms - from_ms) / step_ms > MOST_POINTS) {
    throw new ServiceError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
  }
  return { from_ms, to_ms, step_ms }
}

export const queryRange: RouteModule = {
  name: 'query-range',
  family: 'prometheus',
  paths: [PATH],
  mount(app, api) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      const steps = stepsOf(form)
      return evaluate(c, form, api, (options) => {
        return api.ports.query.range(form.text('query'), { ...options, ...steps, rollups: true })
      })
    })
  },
}
