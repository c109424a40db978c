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

/** What an action does; false where it drops the labels. `value`: the source labels, joined. */
type Apply = (rule: RelabelRule, draft: Draft, value: string) => boolean

const replace: Apply = ({ regex, target_label, replacement }, draft, value) => {
  const matcher = regex.matcher(value)
  if (!matcher.matches()) return true
  const target = expand(target_label, matcher)
  // Prometheus takes any other name.
  if (target !== '') set(draft, target, expand(replacement, matcher))
  return true
}

const map: Apply = ({ regex, replacement }, draft) => {
  for (const [name, value] of [...draft].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const matcher = regex.matcher(name)
    const target = matcher.matches() ? expand(replacement, matcher) : ''
    if (target !== '') set(draft, target, value)
  }
  return true
}

const filter: Apply = ({ regex, action }, draft) => {
  for (const name of draft.keys()) if (regex.testExact(name) === (action === 'labeldrop')) draft.delete(name)
  return true
}

/** Go changes one character into one, wherever it stands: `ß` has no such capital, and a `Σ` at the end is one as any. */
function cased(text: string, change: (character: string) => string): string {
  return Array.from(text, change).join('')
}

function upper(character: string): string {
  const changed = character.toUpperCase()
  return Array.from(changed).length === 1 ? changed : character
}

/** An action that sets the target label to what it makes of the source. */
const setting =
  (make: (value: string, rule: RelabelRule) => string): Apply =>
  (rule, draft, value) => {
    set(draft, rule.target_label, make(value, rule))
    return true
  }

const APPLY: Readonly<Record<RelabelRule['action'], Apply>> = {
  replace,
  keep: ({ regex }, _, value) => regex.testExact(value),
  drop: ({ regex }, _, value) => !regex.testExact(value),
  keepequal: ({ target_label }, draft, value) => (draft.get(target_label) ?? '') === value,
  dropequal: ({ target_label }, draft, value) => (draft.get(target_label) ?? '') !== value,
  hashmod: setting((value, { modulus }) => hashmod(value, modulus)),
  labelmap: map,
  labeldrop: filter,
  labelkeep: filter,
  lowercase: setting((value) => cased(value, (one) => String.fromCodePoint(one.toLowerCase().codePointAt(0)!))),
  uppercase: setting((value) => cased(value, upper)),
}

/**
 * Changes labels by rules, in their order; false where one drops them. Source: model/relabel of prometheus/prometheus.
 */
export function relabel(rules: readonly RelabelRule[], draft: Draft): boolean {
  return rules.every((rule) => {
    const value = rule.source_labels.map((name) => draft.get(name) ?? '').join(rule.separator)
    return APPLY[rule.action](rule, draft, value)
  })
}
