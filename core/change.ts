/** An event that can explain an incident: a deploy, a config, scale, flag or infrastructure change. */
export interface Change {
  /** `c_` and a hash of kind, service, time and title. */
  readonly id: string
  readonly kind: 'deploy' | 'config' | 'scale' | 'flag' | 'infrastructure'
  /** '' when it concerns everything. */
  readonly service: string
  readonly at_ms: number
  readonly title: string
  /** Who told us: `api`, `argocd`, … */
  readonly source: string
  readonly url: string
}
