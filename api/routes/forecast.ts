import { createRoute } from '@hono/zod-openapi'

import { ServiceError } from '#core/errors.ts'
import type { Forecast } from '#core/forecast.ts'

import { ForecastForm, type ForecastView, seriesForecastForm } from '../forms/forecast.ts'
import { answers } from '../request/answers.ts'
import { duration, parameters, quantiles, word } from '../request/parameters.ts'
import type { Api, RouteModule } from '../route.ts'

const DEFAULT_HORIZON_MS = 3_600_000
const DEFAULT_STEP_MS = 60_000
const DEFAULT_QUANTILES = [0.1, 0.5, 0.9]

const ask = createRoute({
  method: 'get',
  path: '/api/v1/forecast',
  summary: 'What comes next, with quantiles',
  description: 'Of a forecast rule by its name, whose newest forecast is shown; of any other PromQL, made on demand.',
  request: {
    query: parameters({
      query: word.openapi({ description: 'the name of a forecast rule, else PromQL' }),
      horizon: duration.optional().openapi({ description: 'of a rule: all that it has; else 1h' }),
      step: duration.optional().openapi({ description: 'of a rule: a multiple of its step; else 1m' }),
      quantiles: quantiles.optional().openapi({ description: 'of a rule: some of its own; else 0.1,0.5,0.9' }),
    }),
  },
  responses: answers(ForecastForm, 'a forecast for each series'),
})

interface Wish {
  readonly query: string
  readonly horizon?: number | undefined
  readonly step?: number | undefined
  readonly quantiles?: readonly number[] | undefined
}

/** What of a rule's forecast is wanted; what the rule does not make cannot be shown. */
function viewOf(forecast: Forecast, wish: Wish): ForecastView {
  const missing = wish.quantiles?.find((q) => !forecast.quantiles.includes(q))
  if (missing !== undefined) {
    throw new ServiceError(
      'bad_data',
      `parameter "quantiles": rule ${JSON.stringify(wish.query)} has ${forecast.quantiles.join(', ')}, not ${missing}`,
    )
  }
  const stride = (wish.step ?? forecast.step_ms) / forecast.step_ms
  if (!Number.isInteger(stride)) {
    throw new ServiceError(
      'bad_data',
      `parameter "step": rule ${JSON.stringify(wish.query)} has a step of ${forecast.step_ms / 1000}s; ask for a multiple`,
    )
  }
  return {
    until_ms: forecast.made_ms + (wish.horizon ?? Infinity),
    stride,
    quantiles: wish.quantiles ?? forecast.quantiles,
  }
}

async function makeOnDemand({ ports, limits }: Api, wish: Wish): Promise<readonly Forecast[]> {
  const horizon_ms = wish.horizon ?? DEFAULT_HORIZON_MS
  const step_ms = wish.step ?? DEFAULT_STEP_MS
  if (horizon_ms > limits.forecast_horizon_ms) {
    const days = limits.forecast_horizon_ms / 86_400_000
    throw new ServiceError('bad_data', `parameter "horizon": at most ${days}d`)
  }
  if (horizon_ms / step_ms > limits.forecast_points) {
    throw new ServiceError('bad_data', `parameter "step": at most ${limits.forecast_points} points; take a longer step`)
  }
  return ports.forecasts.make({
    query: wish.query,
    horizon_ms,
    step_ms,
    quantiles: wish.quantiles ?? DEFAULT_QUANTILES,
  })
}

export const forecast: RouteModule = {
  name: 'forecast',
  family: 'own',
  paths: [ask.path],
  mount(app, api) {
    app.openapi(ask, async (c) => {
      const wish = c.req.valid('query')
      const ofRule = api.ports.forecasts.ofRule(wish.query)
      const series =
        ofRule === undefined
          ? (await makeOnDemand(api, wish)).map((made) =>
              seriesForecastForm(made, { until_ms: Infinity, stride: 1, quantiles: made.quantiles }),
            )
          : ofRule.map((made) => seriesForecastForm(made, viewOf(made, wish)))
      return c.json({ query: wish.query, series }, 200)
    })
  },
}
