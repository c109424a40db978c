import type { Finding } from '../finding.ts'
import { quantity, range, unitOf } from '../quantities.ts'
import { type Language, timeOfDay } from './language.ts'

/** The parts of a sentence, written for people already. */
interface Parts {
  /** `request duration of checkout`. */
  readonly subject: string
  readonly value: string
  /** `150 to 290 ms`; '' where nothing was expected. */
  readonly expected: string
  readonly since: string
  readonly detail: string
  readonly over: boolean
}

type Table = Readonly<Record<Finding['kind'], (parts: Parts) => string>>

const enLevel = ({ subject, value, expected, over }: Parts): string =>
  `${subject} ${over ? 'was' : 'is'} ${value}${expected === '' ? '' : `, expected ${expected}`}`

const zhLevel = ({ subject, value, expected, over }: Parts): string =>
  `${subject}${over ? '曾为' : '为'} ${value}${expected === '' ? '' : `，预期 ${expected}`}`

const EN_ABSENCE: Readonly<Record<string, string>> = {
  late: ', later than ever',
  broken: ', while others of the service still come',
  decommissioned: ', and nothing else of the service',
}

const ZH_ABSENCE: Readonly<Record<string, string>> = {
  late: '，晚于以往',
  broken: '，而该服务的其他数据仍在到来',
  decommissioned: '，该服务的其他数据也已停止',
}

const EN: Table = {
  spike: enLevel,
  dip: enLevel,
  level_up: (parts) => `${enLevel(parts)}, since ${parts.since}`,
  level_down: (parts) => `${enLevel(parts)}, since ${parts.since}`,
  drift: (parts) => `${enLevel(parts)}, drifting since ${parts.since}`,
  variance: (parts) => `${enLevel(parts)}, swinging both ways since ${parts.since}`,
  flat: (parts) => `${enLevel(parts)}, not moving since ${parts.since}`,
  absent: ({ subject, since, over, detail }) =>
    `${subject} ${over ? 'had' : 'has'} no samples since ${since}${EN_ABSENCE[detail] ?? ''}`,
  new_template: ({ subject, detail }) => `${subject} logs a message never seen before: ${detail}`,
  burst: (parts) => `${enLevel(parts)}${parts.detail === '' ? '' : `: ${parts.detail}`}`,
}

const ZH: Table = {
  spike: zhLevel,
  dip: zhLevel,
  level_up: (parts) => `${zhLevel(parts)}，自 ${parts.since} 起`,
  level_down: (parts) => `${zhLevel(parts)}，自 ${parts.since} 起`,
  drift: (parts) => `${zhLevel(parts)}，自 ${parts.since} 起持续漂移`,
  variance: (parts) => `${zhLevel(parts)}，自 ${parts.since} 起上下波动`,
  flat: (parts) => `${zhLevel(parts)}，自 ${parts.since} 起不再变化`,
  absent: ({ subject, since, detail }) => `${subject}自 ${since} 起没有数据${ZH_ABSENCE[detail] ?? ''}`,
  new_template: ({ subject, detail }) => `${subject}出现从未见过的日志：${detail}`,
  burst: (parts) => `${zhLevel(parts)}${parts.detail === '' ? '' : `：${parts.detail}`}`,
}

const TABLES: Readonly<Record<Language, Table>> = { en: EN, zh: ZH }

const UNIT_WORDS = /_(?:seconds|milliseconds|microseconds|nanoseconds|bytes|ratio|percent|total)(?=_|$)/g

/** `http_server_request_duration_seconds` → `http server request duration`; the rule's name where there is no metric. */
export function metricWords(metric: string, rule: string): string {
  const words = metric.replaceAll(UNIT_WORDS, '').replaceAll(/[_:]+/g, ' ').trim()
  return words === '' ? rule : words
}

function subjectOf(finding: Finding, language: Language): string {
  const logs = finding.kind === 'new_template'
  const what = metricWords(finding.metric, finding.rule)
  const labels = finding.labels.size === 0 ? '' : finding.labels.toString()
  const who = finding.service === '' ? labels : finding.service
  if (who === '') return what
  if (logs) return who
  return language === 'zh' ? `${who} 的 ${what} ` : `${what} of ${who}`
}

/** What a finding says to a person: `request duration of checkout is 840 ms, expected 150 to 290 ms`. */
export function findingSentence(finding: Finding, language: Language): string {
  const unit = unitOf(finding.metric, finding.unit)
  const bounded = Number.isFinite(finding.lower) && Number.isFinite(finding.upper)
  const expected = bounded
    ? range(finding.lower, finding.upper, unit, language === 'zh' ? ' 至 ' : ' to ')
    : Number.isFinite(finding.expected)
      ? quantity(finding.expected, unit)
      : ''
  const sentence = TABLES[language][finding.kind]({
    subject: subjectOf(finding, language),
    value: quantity(finding.value, unit),
    expected,
    since: timeOfDay(finding.since_ms),
    detail: finding.detail,
    over: finding.state === 'closed',
  })
  const said = `${sentence}${flappingClause(finding, language)}`
  if (finding.adopted !== true) return said
  const at = timeOfDay(finding.last_ms)
  return language === 'zh' ? `${said}；自 ${at} 起视为新常态` : `${said}; the new normal from ${at}`
}

function flappingClause({ flapping }: Finding, language: Language): string {
  if (flapping === undefined) return ''
  const { returns } = flapping
  const since = timeOfDay(flapping.since_ms)
  if (language === 'zh') return `；自 ${since} 起又出现 ${returns} 次`
  return `; recurred ${returns === 1 ? 'once' : `${returns} times`} since ${since}`
}
