import type { LogCount, LogDetectorKind, LogSighting } from './log-finding.ts'

/** Half-life of the mean in minutes: an hour of quiet is not forgotten over a coffee. */
const FADE = 1 - 2 ** (-1 / 60)
/** Minutes before a mean means anything. */
const WARM_MINUTES = 10
/** Fewer errors a minute are no burst, however quiet it was. */
const LEAST = 10
const SIGMAS = 6

interface Rate {
  mean: number
  /** Squared deviation, so that a service whose errors come in clumps has a wide band. */
  variance: number
  minutes: number
  last_ms: number
}

/**
 * Many more errors of a service in a minute than usual: beyond mean + 6 σ, where σ² is the larger of the observed variance and the
 * mean (Poisson). Learns from what it did not flag, clipped.
 */
export const errorBurst: LogDetectorKind = {
  name: 'error_burst',
  create() {
    const rates = new Map<string, Rate>()
    return {
      minute(time_ms, counts) {
        const errors = new Map<string, LogCount & { total: number }>()
        for (const count of counts) {
          if (!rates.has(count.service))
            rates.set(count.service, { mean: 0, variance: 0, minutes: 0, last_ms: time_ms })
          if (count.level !== 'error' && count.level !== 'fatal') continue
          const before = errors.get(count.service)
          errors.set(count.service, { ...(before ?? count), total: (before?.total ?? 0) + count.count })
        }
        const sightings: LogSighting[] = []
        for (const [service, rate] of rates) {
          const count = errors.get(service)
          const sighting = judge(rate, count?.total ?? 0, time_ms)
          if (sighting !== undefined && count !== undefined)
            sightings.push({ ...sighting, labels: count.labels, service, detail: count.template })
        }
        return sightings
      },
      forget: (service) => void rates.delete(service),
      save: () => [...rates],
      load(state) {
        rates.clear()
        for (const [service, rate] of state as [string, Rate][]) rates.set(service, rate)
      },
    }
  },
}

function judge(
  rate: Rate,
  total: number,
  time_ms: number,
): Omit<LogSighting, 'labels' | 'service' | 'detail'> | undefined {
  const sigma = Math.sqrt(Math.max(rate.variance, rate.mean, 1))
  const upper = rate.mean + SIGMAS * sigma
  const expected = rate.mean
  const isBurst = rate.minutes >= WARM_MINUTES && total >= LEAST && total > upper
  const learned = Math.min(total, upper)
  rate.variance += FADE * ((learned - rate.mean) ** 2 - rate.variance)
  rate.mean += FADE * (learned - rate.mean)
  rate.minutes++
  rate.last_ms = time_ms
  if (!isBurst) return undefined
  const score = (total - expected) / (SIGMAS * sigma)
  return { kind: 'burst', rule: 'ErrorBurst', time_ms, score, value: total, expected, lower: 0, upper, evidence: false }
}
