import { ServiceError } from '#core/errors.ts'
import type { Finding } from '#core/finding.ts'
import type { FindingFilter, FindingReader } from '#core/ports/findings.ts'
import type { FindingFeedback } from '#core/ports/intake.ts'

const newestFirst = (a: Finding, b: Finding): number =>
  b.since_ms - a.since_ms || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

/** So long after a level was adopted what was normal before it is remembered. */
const RESTORED_MS = 7 * 86_400_000

const seriesOf = ({ rule, metric, labels }: Finding): string => `${rule}\0${metric}\0${labels.key}`
const likeness = ({ rule, metric, labels, kind }: Finding): string => `${rule}\0${metric}\0${kind}\0${labels.key}`

/** Findings that can be looked up: all open ones and the newest closed ones. */
export class FindingBook implements FindingReader {
  readonly #findings = new Map<string, Finding>()
  /** Ids of those that are over, in the order in which they closed. */
  readonly #closed = new Set<string>()
  /** By rule, series and kind: the closed one that began last. */
  readonly #latest = new Map<string, Finding>()
  /** By rule and series: the closed one whose level was adopted last. */
  readonly #adopted = new Map<string, Finding>()
  readonly #limit: number

  /** `limit`: how many are kept; closed ones go first, in the order in which they closed. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#findings.size
  }

  /** Notes what somebody said of a finding, which is given; undefined where that was its last word already. Throws `ServiceError('not_found')`. */
  say({ finding: id, feedback }: FindingFeedback): Finding | undefined {
    const known = this.#findings.get(id)
    if (known === undefined) throw new ServiceError('not_found', `no finding ${JSON.stringify(id)}`)
    if (known.feedback === feedback) return undefined
    const finding = { ...known, feedback }
    this.#findings.set(id, finding)
    if (this.#latest.get(likeness(finding))?.id === id) this.#latest.set(likeness(finding), finding)
    return finding
  }

  put(finding: Finding): void {
    // A map keeps the order of insertion: what closes moves to the end of it.
    if (finding.state === 'closed') this.#findings.delete(finding.id)
    this.#set(finding)
    for (const id of this.#closed) {
      if (this.#findings.size <= this.#limit) return
      const old = this.#findings.get(id)!
      this.#findings.delete(id)
      this.#closed.delete(id)
      if (this.#latest.get(likeness(old))?.id === id) this.#latest.delete(likeness(old))
      if (this.#adopted.get(seriesOf(old))?.id === id) this.#adopted.delete(seriesOf(old))
    }
  }

  get(id: string): Finding | undefined {
    return this.#findings.get(id)
  }

  /** When the last one before began that is of the same rule, series and kind and over. */
  similar(finding: Finding): number | undefined {
    const latest = this.#latest.get(likeness(finding))
    return latest === undefined || latest.since_ms >= finding.since_ms ? undefined : latest.since_ms
  }

  /** When the level began that was adopted, where a finding leads back to what was expected before it. */
  restores(finding: Finding): number | undefined {
    const { value, direction, since_ms } = finding
    const adopted = this.#adopted.get(seriesOf(finding))
    if (adopted === undefined || adopted.direction === direction || adopted.since_ms >= since_ms) return undefined
    const isRecent = since_ms - adopted.last_ms < RESTORED_MS
    return isRecent && value >= adopted.lower && value <= adopted.upper ? adopted.since_ms : undefined
  }

  list({ state, rule, service, after, limit }: FindingFilter): Finding[] {
    const wanted = [...this.#findings.values()]
      .filter((finding) => state === undefined || state.includes(finding.state))
      .filter((finding) => rule === undefined || finding.rule === rule)
      .filter((finding) => service === undefined || finding.service === service)
      .toSorted(newestFirst)
    const last = after === undefined ? undefined : this.#findings.get(after)
    const from = last === undefined ? 0 : wanted.findIndex((finding) => newestFirst(finding, last) > 0)
    // An unknown cursor has aged out, and everything older with it.
    if (from < 0 || (after !== undefined && last === undefined)) return []
    return wanted.slice(from, from + limit)
  }

  /** In the order in which they would age out. */
  all(): Finding[] {
    return [...this.#findings.values()]
  }

  replace(findings: readonly Finding[]): void {
    this.#findings.clear()
    this.#closed.clear()
    this.#latest.clear()
    this.#adopted.clear()
    for (const finding of findings) this.#set(finding)
  }

  #set(finding: Finding): void {
    this.#findings.set(finding.id, finding)
    this.#closed.delete(finding.id)
    if (finding.state !== 'closed') return
    this.#closed.add(finding.id)
    // What led back to where it was is no level to come back from.
    if (finding.adopted === true && finding.restores_ms !== undefined) this.#adopted.delete(seriesOf(finding))
    else if (finding.adopted === true) this.#adopted.set(seriesOf(finding), finding)
    const known = this.#latest.get(likeness(finding))
    if (known === undefined || known.since_ms <= finding.since_ms) this.#latest.set(likeness(finding), finding)
  }
}
