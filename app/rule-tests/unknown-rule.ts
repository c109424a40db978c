import { nearest } from '#core/config/problems.ts'

import type { RuleGroup } from '../../detectors/index.ts'

/** What to say of a name that no rule of a kind has, '' where one has it: that nothing fires or is found is true of it for ever. */
export function unknownRule(kind: 'alert' | 'anomaly', name: string, groups: readonly RuleGroup[]): string {
  const names = groups.flatMap(({ rules }) => rules.filter((rule) => rule.kind === kind).map((rule) => rule.name))
  if (names.includes(name)) return ''
  const near = nearest(name, names)
  return `no ${kind} rule of that name in rule_files${near === undefined ? '' : `; did you mean ${near}?`}`
}
