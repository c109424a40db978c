import type { Forecaster } from './forecaster.ts'

/** What was at the same time of day, the newest day that is known; without a season the newest value. The yardstick. */
export const seasonalNaive: Forecaster = {
  name: 'seasonal_naive',
  minimum: () => 1,
  fit({ value, period }) {
    const lag = Math.max(1, period)
    return {
      roll(origins, steps, visit) {
        const forecast = new Float64Array(steps)
        for (const origin of origins) {
          for (let h = 1; h <= steps; h++) {
            const back = lag * Math.ceil(h / lag)
            forecast[h - 1] = value[Math.max(0, origin - 1 + h - back)]!
          }
          visit(origin, forecast)
        }
      },
    }
  },
}
