import type { Finding } from '../finding.ts'
import type { Language } from './language.ts'

/** So many labels tell a series from its neighbours; the finding itself has all of them. */
const SHOWN = 3
/** Of a value: addresses and statements may be long. */
const CHARACTERS = 40
/** All series of a service have these alike: `job` is its name and namespace. */
const SERVICE: ReadonlySet<string> = new Set(['job', 'service_namespace', 'service_version'])
/** Where a series is of, not which one of the service it is: said last. */
const PLACES: ReadonlySet<string> = new Set(['instance', 'namespace', 'pod', 'container', 'node', 'host'])

/** A ratio of something is what it is called, unless it is called so already. */
const UNIT_WORDS =
  /_(?:seconds|milliseconds|microseconds|nanoseconds|bytes|percent|total)(?=_|$)|(?<=utilization|usage)_ratio(?=_|$)/g

/** `http_server_request_duration_seconds` → `http server request duration`; the rule's name where there is no metric. */
function metricWords(metric: string, rule: string): string {
  const words = metric.replaceAll(UNIT_WORDS, '').replaceAll(/[_:]+/g, ' ').trim()
  return words === '' ? rule : words
}

/** The service; all labels where there is none. */
export function whoOf({ service, labels }: Finding): string {
  return service === '' && labels.size > 0 ? labels.toString() : service
}

/** Of OTLP a label may be named as the attribute is. */
const escaped = (name: string): string => name.replaceAll('.', '_')
const isPlace = ([name]: readonly [string, string]): boolean =>
  PLACES.has(escaped(name).replaceAll(/^k8s_|_name$/g, ''))

/** `request duration of checkout (http_route=/cart)`: a sentence alone must tell which series it is about. */
export function subjectOf(finding: Finding, language: Language): string {
  const what = metricWords(finding.metric, finding.rule)
  const who = whoOf(finding)
  if (who === '') return language === 'zh' ? `${what} ` : what
  if (finding.kind === 'new_template') return who
  const which = whichOf(finding)
  if (which === '') return language === 'zh' ? `${who} 的 ${what} ` : `${what} of ${who}`
  return language === 'zh' ? `${who} 的 ${what}（${which}）` : `${what} of ${who} (${which})`
}

/** What tells the series from others of its service; '' where nothing does, or all labels are said already. */
function whichOf({ service, labels }: Finding): string {
  if (service === '') return ''
  const own = [...labels].filter(([name, value]) => !SERVICE.has(escaped(name)) && value !== service)
  const ordered = [...own.filter((label) => !isPlace(label)), ...own.filter(isPlace)]
  const shown = ordered.slice(0, SHOWN).map(([name, value]) => `${name}=${shortened(value)}`)
  return [...shown, ...(ordered.length > SHOWN ? ['…'] : [])].join(', ')
}

/** At most so many characters, whole ones. */
export function shortened(value: string, most = CHARACTERS): string {
  const characters = Array.from(value)
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : value
}
