import type { FindingReader } from '#core/ports/findings.ts'
import type { RuleGroupInfo, RuleInfo, RuleReader } from '#core/ports/rules.ts'

import type { RuleFollowing } from './scoring/index.ts'

const WEEK_MS = 604_800_000
/** More is noise beyond counting. */
const COUNTED_MAX = 10_000

export interface RuleListOptions {
  readonly rules: RuleReader
  readonly findings: FindingReader
  /** Of each anomaly rule, by its key: counted over all series at once, however many rules are shown. */
  readonly following: () => ReadonlyMap<string, RuleFollowing>
  /** Analysis time; undefined before anything came. */
  readonly analysis_ms: () => number | undefined
}

/** Rules as the engine has them, anomaly rules with what their series cost and how much they found of late. */
export class RuleList implements RuleReader {
  readonly #options: RuleListOptions

  constructor(options: RuleListOptions) {
    this.#options = options
  }

  groups(): readonly RuleGroupInfo[] {
    const { rules, findings, analysis_ms } = this.#options
    const since_ms = (analysis_ms() ?? Infinity) - WEEK_MS
    const found = new Map<string, number>()
    for (const finding of findings.list({ limit: COUNTED_MAX })) {
      if (finding.since_ms > since_ms) found.set(finding.rule, (found.get(finding.rule) ?? 0) + 1)
    }
    const following = this.#options.following()
    const shown = (rule: RuleInfo): RuleInfo => {
      if (rule.kind !== 'anomaly') return rule
      return { ...rule, ...following.get(rule.key ?? ''), found_last_week: found.get(rule.name) ?? 0 }
    }
    return rules.groups().map((group) => ({ ...group, rules: group.rules.map(shown) }))
  }
}
