export const CHANGE_KINDS = ['deploy', 'config', 'scale', 'flag', 'infrastructure', 'maintenance', 'event'] as const

/**
 * An event that can explain an incident: a deploy, a config, scale, flag or infrastructure change. Or a time of which is known beforehand
 * what it does to the series of a service: `maintenance`, while which nothing is judged or learned, and a planned `event` (a sale).
 */
export interface Change {
  /** `c_` and a hash of kind, service, time and title. */
  readonly id: string
  readonly kind: (typeof CHANGE_KINDS)[number]
  /** '' when it concerns everything. */
  readonly service: string
  readonly at_ms: number
  readonly title: string
  /** Who told us: `api`, `argocd`, … */
  readonly source: string
  readonly url: string
  /** Of maintenance and events: when it is over. Told again under the same id it takes another end: one before `at_ms` takes it back. */
  readonly until_ms?: number
  /** Of an event: values are expected to be so many times what they usually are. */
  readonly factor?: number
}
