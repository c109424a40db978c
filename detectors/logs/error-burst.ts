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
        for (const { labels, service } of counts) {
          const own = ofService(labels, service)
          if (!rates.has(own.key)) rates.set(own.key, begun(own, service, time_ms))
        }
        const errors = errorsBy(counts)
        return [...rates.values()].flatMap((rate) => {
          const own = errors.get(rate.labels.key) ?? []
          const sighting = judge(rate, own, time_ms)
          learn(rate, own, time_ms)
          return sighting ?? []
        })
      },
      late(time_ms, counts) {
        // From before the service was known nothing is known of what was usual.
        const known = counts.filter(({ service_since_ms }) => service_since_ms < time_ms)
        return [...errorsBy(known)].flatMap(([key, errors]) => {
          const rate = rates.get(key)
          const sighting = rate && judge(rate, errors, time_ms)
          return sighting === undefined ? [] : { ...sighting, rule: 'LateErrorBurst', evidence: true }
        })
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

/** Of those that say no service, each sender by itself: hosts, say. */
function ofService(labels: Labels, service: string): Labels {
  return service === '' ? labels : labels.keep(OF_SERVICE)
}

function begun(labels: Labels, service: string, last_ms: number): Rate {
  return { labels, service, mean: 0, variance: 0, minutes: 0, last_ms, usual: new Map() }
}

/** By labels of the service. */
function errorsBy(counts: readonly LogCount[]): Map<string, LogCount[]> {
  const errors = counts.filter(({ level }) => level === 'error' || level === 'fatal')
  return Map.groupBy(errors, ({ labels, service }) => ofService(labels, service).key)
}

const sumOf = (errors: readonly LogCount[]): number => errors.reduce((sum, { count }) => sum + count, 0)
const sigmaOf = ({ variance, mean }: Rate): number => Math.sqrt(Math.max(variance, mean, 1))
const upperOf = (rate: Rate): number => rate.mean + SIGMAS * sigmaOf(rate)

/** Undefined where it is no burst. */
function judge(rate: Rate, errors: readonly LogCount[], time_ms: number): LogSighting | undefined {
  const { labels, service, mean: expected, minutes } = rate
  const value = sumOf(errors)
  const upper = upperOf(rate)
  if (minutes < WARM_MINUTES || value < LEAST || value <= upper) return undefined
  const score = (value - expected) / (SIGMAS * sigmaOf(rate))
  const detail = grownOf(rate.usual, errors)
  const said = { kind: 'burst', rule: 'ErrorBurst', labels, service, time_ms, score, detail, evidence: false } as const
  return { ...said, value, expected, lower: 0, upper }
}

function learn(rate: Rate, errors: readonly LogCount[], time_ms: number): void {
  const total = sumOf(errors)
  // A plain mean at first: what a service always wrote is no burst once ten minutes are known.
  const share = Math.max(FADE, 1 / (rate.minutes + 1))
  learnMessages(rate.usual, errors, share)
  const deviation = (rate.minutes < WARM_MINUTES ? total : Math.min(total, upperOf(rate))) - rate.mean
  rate.variance = (1 - share) * (rate.variance + share * deviation ** 2)
  rate.mean += share * deviation
  rate.minutes++
  rate.last_ms = time_ms
}

/** By template id. */
function messagesOf(errors: readonly LogCount[]): Map<string, { count: number; readonly template: string }> {
  const messages = new Map<string, { count: number; template: string }>()
  for (const { template_id, template, count } of errors)
    messages.set(template_id, { count: count + (messages.get(template_id)?.count ?? 0), template })
  return messages
}

/** The message that there was most of beyond what is usual, '' without any. */
function grownOf(usual: ReadonlyMap<string, number>, errors: readonly LogCount[]): string {
  let most = -Infinity
  let grown = ''
  for (const [id, { count, template }] of messagesOf(errors)) {
    const more = count - (usual.get(id) ?? 0)
    if (more > most) [most, grown] = [more, template]
  }
  return grown
}

/** Takes a minute into what is usual. */
function learnMessages(usual: Map<string, number>, errors: readonly LogCount[], share: number): void {
  const minute = messagesOf(errors)
  for (const id of minute.keys()) if (!usual.has(id)) usual.set(id, 0)
  for (const [id, mean] of usual) {
    const next = mean + share * ((minute.get(id)?.count ?? 0) - mean)
    if (next < RARE) usual.delete(id)
    else usual.set(id, next)
  }
}
