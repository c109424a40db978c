import type { Forecast } from '#core/forecast.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'

/** Of a quantile of a forecast under `metric`: the labels of what is forecast, its name as `metric`, and `rule`. */
export function forecastLabels(
  metric: string,
  { labels, rule }: Pick<Forecast, 'labels' | 'rule'>,
  quantile: number,
): Labels {
  return labels
    .drop(METRIC_NAME)
    .merge([
      [METRIC_NAME, metric],
      ['rule', rule],
      ['quantile', String(quantile)],
      ...(labels.name === '' ? [] : [['metric', labels.name] as const]),
    ])
}
