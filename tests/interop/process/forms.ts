/** What tests look at of an incident as the API gives it. */
export interface IncidentForm {
  readonly id: string
  readonly state: string
  readonly severity: string
  readonly title: string
  readonly services: readonly string[]
  readonly findings: readonly string[]
  readonly alerts: readonly object[]
  readonly causes: readonly { readonly service: string }[]
}

/** An alert as Alertmanager's `GET /api/v2/alerts` and its webhooks give it. */
export interface AlertForm {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}
