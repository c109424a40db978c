import { ServiceError } from '#core/errors.ts'
import type { QueryEngine } from '#core/ports/query-engine.ts'
import type { ExemplarSlice, Matcher } from '#core/ports/series-reader.ts'

import { success, successText } from '../prometheus/envelope.ts'
import { Form } from '../prometheus/form.ts'
import { formatSeconds, formatValue } from '../prometheus/number.ts'
import { FARTHEST_MS } from '../prometheus/time.ts'
import type { RouteModule } from '../route.ts'

const PATH = '/api/v1/query_exemplars'

/** The exemplars of every series that the selectors of an expression find. */
export const queryExemplars: RouteModule = {
  name: 'query-exemplars',
  family: 'prometheus',
  paths: [PATH],
  mount(app, { ports }) {
    app.on(['GET', 'POST'], PATH, async (c) => {
      const form = await Form.of(c)
      const range = { from_ms: form.time('start', -FARTHEST_MS), to_ms: form.time('end', FARTHEST_MS) }
      if (range.to_ms < range.from_ms) {
        throw new ServiceError('bad_data', 'end timestamp must not be before start timestamp')
      }
      const selectors = selectorsOf(form.text('query'), ports.query)
      const found = new Map<string, ExemplarSlice>()
      for (const matchers of selectors) {
        for (const slice of ports.reader.exemplars?.(matchers, range) ?? []) found.set(slice.labels.key, slice)
      }
      if (found.size === 0) return success([])
      return successText(`[${[...found.values()].map(seriesJson).join()}]`)
    })
  },
}

function selectorsOf(expr: string, query: QueryEngine): (readonly Matcher[])[] {
  return query.inspect(expr).selectors.map(({ matchers }) => matchers)
}

function seriesJson({ labels, exemplars }: ExemplarSlice): string {
  const list = exemplars.map((exemplar) => {
    const value = JSON.stringify(formatValue(exemplar.value))
    return `{"labels":${JSON.stringify(exemplar.labels)},"value":${value},"timestamp":${formatSeconds(exemplar.time_ms)}}`
  })
  return `{"seriesLabels":${JSON.stringify(labels)},"exemplars":[${list.join()}]}`
}
