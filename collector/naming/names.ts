import { unitWords } from './units.ts'

/** What a metric is, as far as its name shows it. */
export type NamedKind = 'counter' | 'gauge' | 'other'

/**
 * The Prometheus name of an OpenTelemetry metric (`UnderscoreEscapingWithSuffixes`), '' where there is none.
 * Source: otlptranslator, metric_namer.
 */
export function metricName(name: string, unit: string, kind: NamedKind): string {
  let words = name.split(/[^A-Za-z0-9:]+/).filter((part) => part !== '')
  if (words.length === 0) return ''
  const [main, per] = unitWords(unit)
  const addPer = per !== '' && !words.includes(per)
  if (main !== '' && !words.includes(main)) words.push(main)
  if (addPer) words.push('per', per)
  if (kind === 'counter') words = [...words.filter((part) => part !== 'total'), 'total']
  if (kind === 'gauge' && unit === '1') words = [...words.filter((part) => part !== 'ratio'), 'ratio']
  const joined = words.join('_')
  return /^[0-9]/.test(joined) ? `_${joined}` : joined
}

/** `__x__`: kept as it is. Tests one after the other, each linear: keys may be long. */
function isReserved(key: string): boolean {
  return key.startsWith('__') && key.endsWith('__') && /^[A-Za-z0-9_]+$/.test(key) && /[A-Za-z0-9]/.test(key)
}

/** The label of an attribute, '' of a key that is empty; all that has no letter in ASCII is `key_`. Source: otlptranslator, label_namer. */
export function labelName(key: string): string {
  if (isReserved(key)) return key
  const clean = key.replaceAll(/[^A-Za-z0-9]+/g, '_')
  if (/^[0-9]/.test(clean)) return `key_${clean}`
  return clean.startsWith('_') ? `key${clean}` : clean
}
