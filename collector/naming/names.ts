import { unitWords } from './units.ts'

/** What a metric is, as far as its name shows it. */
export type NamedKind = 'counter' | 'gauge' | 'other'

/** `UnderscoreEscapingWithSuffixes`. */
function metricName(name: string, unit: string, kind: NamedKind): string {
  let words = name.split(/[^A-Za-z0-9:]+/).filter((part) => part !== '')
  if (words.length === 0) return ''
  const [main, per] = unitWords(unit)
  if (main !== '' && !words.includes(main)) words.push(main)
  // It is said again where the name says it: for otlptranslator `per_second` is one word, which no name has.
  if (per !== '') words.push('per', per)
  if (kind === 'counter') words = [...words.filter((part) => part !== 'total'), 'total']
  if (kind === 'gauge' && unit === '1') words = [...words.filter((part) => part !== 'ratio'), 'ratio']
  const joined = words.join('_')
  return startingWell(joined)
}

function startingWell(name: string): string {
  return /^[0-9]/.test(name) ? `_${name}` : name
}

/** `UnderscoreEscapingWithoutSuffixes`: underscores that are there stay. */
function plainMetricName(name: string): string {
  const joined = name
    .split(/[^A-Za-z0-9:_]+/)
    .filter((part) => part !== '')
    .join('_')
  return joined === name || /[^_]/.test(joined) ? startingWell(joined) : ''
}

/** Without a word that it ends in, and what stands before that. */
function without(name: string, suffix: string): string {
  return name.endsWith(suffix) && name.length > suffix.length + 1 ? name.slice(0, -suffix.length - 1) : name
}

/** `NoUTF8EscapingWithSuffixes`. */
function unescapedMetricName(name: string, unit: string, kind: NamedKind): string {
  if (name === '') return ''
  const [main, over] = unitWords(unit, false)
  const per = over === '' ? '' : `per_${over}`
  const last = kind === 'counter' ? 'total' : kind === 'gauge' && unit === '1' ? 'ratio' : ''
  let built = last === '' ? name : without(name, last)
  if (per !== '') built = without(built, per)
  if (main !== '' && !built.endsWith(main)) built = `${built}_${main}`
  return [built, per, last].filter((part) => part !== '').join('_')
}

/** One underscore for each character that is none of a label. All that would be nothing else is `key_`: Prometheus refuses the request. */
function labelName(key: string): string {
  if (key === '') return ''
  const clean = key.replaceAll(/[^A-Za-z0-9_]/gu, '_')
  if (!/[^_]/.test(clean)) return 'key_'
  if (/^[0-9]/.test(clean)) return `key_${clean}`
  return clean.startsWith('_') && !clean.startsWith('__') ? `key${clean}` : clean
}

/** How names of OpenTelemetry become names of Prometheus. Source: otlptranslator, metric_namer and label_namer. */
export interface Naming {
  /** The name of a metric; '' where there is none. */
  metric(name: string, unit: string, kind: NamedKind): string
  /** The label of an attribute; '' of a key that is empty. */
  label(key: string): string
}

const asItIs = (text: string): string => text

/** By `otlp.translation_strategy`, in Prometheus' words. Without escaping, names are any text. */
export const NAMINGS = {
  UnderscoreEscapingWithSuffixes: { metric: metricName, label: labelName },
  UnderscoreEscapingWithoutSuffixes: { metric: plainMetricName, label: labelName },
  NoUTF8EscapingWithSuffixes: { metric: unescapedMetricName, label: asItIs },
  NoTranslation: { metric: asItIs, label: asItIs },
} as const satisfies Readonly<Record<string, Naming>>

export type TranslationStrategy = keyof typeof NAMINGS
export const TRANSLATION_STRATEGIES = Object.keys(NAMINGS) as [TranslationStrategy, ...TranslationStrategy[]]

/** That of metrics where nothing is said, and of log records and spans. */
export const USUAL: TranslationStrategy = 'UnderscoreEscapingWithSuffixes'
