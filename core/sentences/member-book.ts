import type { Alert } from '../alert.ts'
import type { Incident } from '../incident.ts'
import type { ChangeReader } from '../ports/changes.ts'
import type { FindingReader } from '../ports/findings.ts'
import type { Member } from './incident.ts'

/** Where the members of incidents are looked up for their sentences. */
export interface Members {
  readonly findings: FindingReader
  readonly changes: ChangeReader
}

/** The members of one incident by their reference, each looked up once: a storm brings a thousand alerts. */
export class MemberBook {
  readonly #members: Members
  readonly #alerts: ReadonlyMap<string, Alert>
  readonly #known = new Map<string, Member>()

  constructor(incident: Incident, members: Members) {
    this.#members = members
    this.#alerts = new Map(incident.alerts.map((alert) => [alert.labels.fingerprint, alert]))
  }

  get(ref: string): Member {
    const known = this.#known.get(ref)
    if (known !== undefined) return known
    const member = this.#find(ref)
    this.#known.set(ref, member)
    return member
  }

  #find(ref: string): Member {
    const finding = ref.startsWith('f_') ? this.#members.findings.get(ref) : undefined
    if (finding !== undefined) return { finding }
    const change = ref.startsWith('c_') ? this.#members.changes.get(ref) : undefined
    if (change !== undefined) return { change }
    const alert = this.#alerts.get(ref)
    return alert === undefined ? {} : { alert }
  }
}
