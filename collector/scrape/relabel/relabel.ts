import { createHash } from 'node:crypto'

import type { RE2JS } from 're2js'

import { expand } from './expand.ts'

export const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const

/** One entry of `relabel_configs` or `metric_relabel_configs`, in Prometheus' words. */
export interface RelabelRule {
  readonly action: (typeof ACTIONS)[number]
  readonly source_labels: readonly string[]
  readonly separator: string
  /** Asked of the whole text. */
  readonly regex: RE2JS
  /** Of `hashmod`. */
  readonly modulus: number
  readonly target_label: string
  readonly replacement: string
}

/** Labels that are being changed. */
export type Draft = Map<string, string>

function set(draft: Draft, name: string, value: string): void {
  if (value === '') draft.delete(name)
  else draft.set(name, value)
}

/** The last eight bytes of the MD5, as Prometheus takes them. */
function hashmod(text: string, modulus: number): string {
  const hash = createHash('md5').update(text).digest().readBigUInt64BE(8)
  return String(hash % BigInt(modulus))
}

/** Prometheus takes names of any UTF-8 text. */
const isName = (name: string): boolean => name !== ''

function replace({ regex, target_label, replacement }: RelabelRule, draft: Draft, value: string): void {
  const matcher = regex.matcher(value)
  if (!matcher.matches()) return
  const target = expand(target_label, matcher)
  if (isName(target)) set(draft, target, expand(replacement, matcher))
}

function map({ regex, replacement }: RelabelRule, draft: Draft): void {
  for (const [name, value] of [...draft].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const matcher = regex.matcher(name)
    if (matcher.matches()) set(draft, expand(replacement, matcher), value)
  }
}

function filter({ regex, action }: RelabelRule, draft: Draft): void {
  for (const name of draft.keys()) if (regex.testExact(name) === (action === 'labeldrop')) draft.delete(name)
}

/** False where the rule drops the labels. */
function apply(rule: RelabelRule, draft: Draft): boolean {
  const { action, target_label } = rule
  const value = rule.source_labels.map((name) => draft.get(name) ?? '').join(rule.separator)
  switch (action) {
    case 'keep':
      return rule.regex.testExact(value)
    case 'drop':
      return !rule.regex.testExact(value)
    case 'keepequal':
      return (draft.get(target_label) ?? '') === value
    case 'dropequal':
      return (draft.get(target_label) ?? '') !== value
    case 'replace':
      replace(rule, draft, value)
      return true
    case 'lowercase':
      set(draft, target_label, value.toLowerCase())
      return true
    case 'uppercase':
      set(draft, target_label, value.toUpperCase())
      return true
    case 'hashmod':
      set(draft, target_label, hashmod(value, rule.modulus))
      return true
    case 'labelmap':
      map(rule, draft)
      return true
    case 'labeldrop':
    case 'labelkeep':
      filter(rule, draft)
      return true
  }
}

/**
 * Changes labels by rules, in their order; false where one drops them. Source: model/relabel of prometheus/prometheus.
 */
export function relabel(rules: readonly RelabelRule[], draft: Draft): boolean {
  return rules.every((rule) => apply(rule, draft))
}
