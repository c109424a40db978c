import { Labels } from '#core/series.ts'

import type { LogCount, LogDetectorKind, LogSighting } from './log-finding.ts'

/** Half-life of the mean in minutes: an hour of quiet is not forgotten over a coffee. */
const FADE = 1 - 2 ** (-1 / 60)
/** Minutes before a mean means anything. */
const WARM_MINUTES = 10
/** Fewer errors a minute are no burst, however quiet it was. */
const LEAST = 10
const SIGMAS = 6
/** Which service it is, and not which of its replicas: the labels that rules of the packs group by. */
const OF_SERVICE: ReadonlySet<string> = new Set(['deployment_environment_name', 'service_namespace', 'service_name'])
/** A message that was this rare in a minute is usual no more. */
const RARE = 0.01

interface Rate {
  readonly labels: Labels
  readonly service: string
  mean: number
  /** Squared deviation, so that a service whose errors come in clumps has a wide band. */
  variance: number
  minutes: number
  last_ms: number
  /** What a minute usually has of each message, by template id. */
  readonly usual: Map<string, number>
}

type SavedRate = Omit<Rate, 'labels' | 'usual'> & { labels: Record<string, string>; usual: [string, number][] }
/** As it was when replicas were not told from services: by name. */
type EarlierRate = [service: string, rate: Omit<SavedRate, 'labels' | 'service' | 'usual'>]

/**
 * Many more errors of a service in a minute than usual, those of all its replicas together: beyond mean + 6 σ, where σ² is the larger of
 * the observed variance and the mean (Poisson). Learns from what it did not flag, clipped. Tells the message that grew most.
 */
export const errorBurst: LogDetectorKind = {
  name: 'error_burst',
  create() {
    /** By labels of the service. */
    const rates = new Map<string, Rate>()
    return {
      minute(time_ms, counts) {
        const errors = new Map<Rate, LogCount[]>()
        for (const count of counts) {
          const { service } = count
          // Of those that say no service, each sender by itself: hosts, say.
          const labels = service === '' ? count.labels : count.labels.keep(OF_SERVICE)
          const rate = rates.get(labels.key) ?? {
            labels,
            service,
            mean: 0,
            variance: 0,
            minutes: 0,
            last_ms: time_ms,
            usual: new Map<string, number>(),
          }
          rates.set(labels.key, rate)
          if (count.level !== 'error' && count.level !== 'fatal') continue
          const known = errors.get(rate)
          if (known === undefined) errors.set(rate, [count])
          else known.push(count)
        }
        return [...rates.values()].flatMap((rate) => judge(rate, errors.get(rate) ?? [], time_ms))
      },
      forget(service) {
        for (const [key, rate] of rates) if (rate.service === service) rates.delete(key)
      },
      save: () =>
        Array.from(rates.values(), (rate): SavedRate => ({
          ...rate,
          labels: rate.labels.toJSON(),
          usual: [...rate.usual],
        })),
      load(state) {
        rates.clear()
        for (const saved of state as (SavedRate | EarlierRate)[]) {
          const rate = Array.isArray(saved) ? withLabels(saved) : saved
          const labels = Labels.of(rate.labels)
          rates.set(labels.key, { ...rate, labels, usual: new Map(rate.usual) })
        }
      },
    }
  },
}

function withLabels([service, rate]: EarlierRate): SavedRate {
  return { labels: { service_name: service }, service, ...rate, usual: [] }
}

function judge(rate: Rate, errors: readonly LogCount[], time_ms: number): LogSighting[] {
  const total = errors.reduce((sum, { count }) => sum + count, 0)
  const sigma = Math.sqrt(Math.max(rate.variance, rate.mean, 1))
  const expected = rate.mean
  const upper = expected + SIGMAS * sigma
  const isBurst = rate.minutes >= WARM_MINUTES && total >= LEAST && total > upper
  // A plain mean at first: what a service always wrote is no burst once ten minutes are known.
  const share = Math.max(FADE, 1 / (rate.minutes + 1))
  const detail = learnMessages(rate.usual, errors, share)
  const deviation = (rate.minutes < WARM_MINUTES ? total : Math.min(total, upper)) - expected
  rate.variance = (1 - share) * (rate.variance + share * deviation ** 2)
  rate.mean += share * deviation
  rate.minutes++
  rate.last_ms = time_ms
  if (!isBurst) return []
  const score = (total - expected) / (SIGMAS * sigma)
  const { labels, service } = rate
  const said = { kind: 'burst', rule: 'ErrorBurst', labels, service, time_ms, score, detail, evidence: false } as const
  return [{ ...said, value: total, expected, lower: 0, upper }]
}

/** Takes a minute into what is usual; gives the message that there was most of beyond it, '' without any. */
function learnMessages(usual: Map<string, number>, errors: readonly LogCount[], share: number): string {
  const minute = new Map<string, { count: number; template: string }>()
  for (const { template_id, template, count } of errors)
    minute.set(template_id, { count: count + (minute.get(template_id)?.count ?? 0), template })
  let most = -Infinity
  let grown = ''
  for (const [id, { count, template }] of minute) {
    const more = count - (usual.get(id) ?? 0)
    if (more > most) [most, grown] = [more, template]
    if (!usual.has(id)) usual.set(id, 0)
  }
  for (const [id, mean] of usual) {
    const next = mean + share * ((minute.get(id)?.count ?? 0) - mean)
    if (next < RARE) usual.delete(id)
    else usual.set(id, next)
  }
  return grown
}
