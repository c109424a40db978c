import { own } from '../api.js'
import { el, region } from '../dom.js'
import { quantity, span } from '../format.js'
import { t } from '../language.js'
import { empty, section } from '../section.js'
import { figure } from '../signals.js'

/** Barograph's own telemetry: what it is called once it has come in through its own receiver. */
const FIGURES = /** @type {const} */ ([
  { name: 'samples', query: 'sum(rate(barograph_store_samples_total[1m]))', unit: '/s' },
  { name: 'inputs', query: 'sum(rate(barograph_pipeline_input_duration_seconds_count{kind="otlp"}[1m]))', unit: '/s' },
  { name: 'series', query: 'sum(barograph_store_series)', unit: '' },
  {
    name: 'time',
    query: 'histogram_quantile(0.95, sum by (le) (rate(barograph_pipeline_input_duration_seconds_bucket[5m])))',
    unit: 's',
  },
  { name: 'queue', query: 'sum(barograph_pipeline_queue)', unit: '' },
  { name: 'refused', query: 'sum(increase(barograph_pipeline_refused_total[1h])) or vector(0)', unit: '' },
  { name: 'memory', query: 'sum(barograph_store_allocated_bytes)', unit: 'By' },
])

/**
 * How far the newest verdict lies behind the clock; undefined before the first.
 * @param {AbortSignal} signal
 */
async function lag(signal) {
  /** @type {{ scores: { at: string }[] }} */
  const { scores } = await own('/api/v1/scores', { limit: 1000 }, signal)
  if (scores.length === 0) return undefined
  return Math.max(0, Date.now() - Math.max(...scores.map(({ at }) => Date.parse(at))))
}

/** @param {AbortSignal} signal */
export function pipeline(signal) {
  const part = section(t().overview.pipeline, { class: 'pipeline' })
  const tiles = region(part.body)
  return {
    element: part.element,
    wants: '',
    refresh: () =>
      part.fill(signal, async () => {
        const [behind, ...values] = await Promise.all([
          lag(signal),
          ...FIGURES.map(({ query }) => figure(query, signal)),
        ])
        const shown = FIGURES.map(({ name, unit }, i) => ({
          name,
          text: quantity(values[i] === undefined ? undefined : Math.max(0, values[i]), unit),
        }))
        const known = values[2] !== undefined
        const texts = [
          ...shown.slice(0, 3),
          { name: /** @type {const} */ ('lag'), text: behind === undefined ? '–' : span(behind, t().units) },
          ...shown.slice(3),
        ]
        tiles.show([known, texts], () => [
          known
            ? el(
                'dl',
                { class: 'tiles' },
                ...texts.map(({ name, text }) =>
                  el('div', { class: 'tile' }, el('dt', {}, t().pipeline[name]), el('dd', { class: 'number' }, text)),
                ),
              )
            : empty(t().overview.no_pipeline),
        ])
      }),
  }
}
