import type { Finding } from '../finding.ts'
import { quantity, range, unitOf } from '../quantities.ts'
import { type Language, type Locale, moment, stretch, timeOfDay } from './language.ts'
import { shortened, subjectOf, whoOf } from './subject.ts'

/** The parts of a sentence, written for people already. */
interface Parts {
  /** `request duration of checkout`. */
  readonly subject: string
  readonly who: string
  readonly value: string
  /** `expected 150 to 290 ms`, with its comma; where the value lies within that, what is unusual about it instead. '' where nothing was expected. */
  readonly expected: string
  /** `since 10:42 UTC`; `from 10:42 to 11:30 UTC` where it is over. */
  readonly time: string
  readonly detail: string
  readonly up: boolean
  readonly over: boolean
  /** The value lies where it should: the series is unusual, not the value. */
  readonly within: boolean
}

/** Characters of a log message that a sentence quotes: the finding has all of it. */
const DETAIL = 200

type Table = Readonly<Record<Finding['kind'], (parts: Parts) => string>>

/** The value is the farthest of a stretch: it was there, and may have gone on from it. */
function enLevel({ subject, value, expected, up, over, within, time }: Parts): string {
  const verb = within ? (over ? 'was' : 'is') : `${over ? (up ? 'rose' : 'fell') : up ? 'has risen' : 'has fallen'} to`
  return `${subject} ${verb} ${value}${expected}, ${time}`
}

const enNow = (parts: Parts): string =>
  parts.over ? enLevel(parts) : `${parts.subject} is ${parts.value}${parts.expected}`

const EN_ABSENCE: Readonly<Record<string, string>> = {
  late: ', later than ever',
  broken: ', while others of the service still come',
  decommissioned: ', and nothing else of the service',
}

const ZH_ABSENCE: Readonly<Record<string, string>> = {
  late: '，间隔比以往都长',
  broken: '，而该服务的其他数据仍在上报',
  decommissioned: '，该服务的其他数据也已停止上报',
}

const EN: Table = {
  spike: enNow,
  dip: enNow,
  level_up: enLevel,
  level_down: enLevel,
  drift: ({ subject, value, expected, up, over, time }) =>
    `${subject} ${over ? 'drifted' : 'has been drifting'} ${up ? 'up' : 'down'} to ${value}${expected}, ${time}`,
  // Where no value lies outside, it may also be calmer than ever.
  variance: ({ subject, value, expected, over, within, time }) =>
    within
      ? `${subject} ${over ? 'varied' : 'varies'} unlike before ${time}, about ${value}`
      : `${subject} ${over ? 'swung' : 'swings'} unusually ${time}, as far as ${value}${expected}`,
  flat: ({ subject, value, over, time }) => `${subject} ${over ? 'stood' : 'has stood'} still at ${value} ${time}`,
  absent: ({ subject, time, over, detail }) =>
    `${subject} ${over ? 'had' : 'has'} no samples ${time}${EN_ABSENCE[detail] ?? ''}`,
  new_template: ({ subject, detail }) => `${subject} logs a message never seen before: ${detail}`,
  burst: ({ who, value, expected, over, detail }) =>
    `${who} ${over ? 'logged' : 'logs'} ${value} errors a minute${expected}${detail === '' ? '' : `: ${detail}`}`,
}

const zhLevel =
  (upwards: string, downwards: string) =>
  ({ subject, value, expected, up, over, time, within }: Parts): string =>
    `${subject}${time}${over ? '曾' : ''}${within ? '为' : up ? upwards : downwards} ${value}${expected}`

const ZH: Table = {
  spike: zhLevel('突增至', '突降至'),
  dip: zhLevel('突增至', '突降至'),
  level_up: zhLevel('升高至', '降低至'),
  level_down: zhLevel('升高至', '降低至'),
  drift: ({ subject, value, expected, up, over, time }) =>
    `${subject}${time}${over ? '曾' : ''}持续${up ? '上升' : '下降'}至 ${value}${expected}`,
  variance: ({ subject, value, expected, over, within, time }) =>
    `${subject}${time}${over ? '曾' : ''}波动异常，${within ? `约为 ${value}` : `最远达 ${value}${expected}`}`,
  flat: ({ subject, value, over, time }) => `${subject}${time}${over ? '曾' : '一直'}停在 ${value} 不变`,
  absent: ({ subject, time, over, detail }) =>
    `${subject}${time}${over ? '曾无' : '没有'}数据${ZH_ABSENCE[detail] ?? ''}`,
  new_template: ({ subject, detail }) => `${subject} 出现从未见过的日志：${detail}`,
  burst: ({ who, value, expected, over, detail }) =>
    `${who} ${over ? '曾' : ''}每分钟出现 ${value} 条错误日志${expected}${detail === '' ? '' : `：${detail}`}`,
}

const TABLES: Readonly<Record<Language, Table>> = { en: EN, zh: ZH }

/** What a finding says to a person: `request duration of checkout is 840 ms, expected 150 to 290 ms`. */
export function findingSentence(finding: Finding, locale: Locale): string {
  const { language } = locale
  const { kind, value, lower, upper, direction, detail, adopted } = finding
  const unit = unitOf(finding.metric, finding.unit)
  // A level that is normal from now on is not over.
  const over = finding.state === 'closed' && adopted !== true
  const within = value >= lower && value <= upper
  const subject = subjectOf(finding, language)
  const sentence = TABLES[language][kind]({
    subject,
    who: whoOf(finding) || subject.trim(),
    value: quantity(value, unit),
    expected: expectedClause(finding, unit, language),
    time: timeClause(finding, over, locale),
    detail: shortened(detail, DETAIL),
    up: direction === 'up',
    over,
    within,
  })
  const clauses = [restoredClause, flappingClause, adoptedClause, learningClause, withdrawnClause].map((clause) =>
    clause(finding, locale),
  )
  const whole = [sentence, ...clauses].join('')
  return language === 'zh' ? whole.replaceAll(/(\d) %/g, '$1%') : whole
}

/** What is unusual about a value that lies where it should, by who said so. */
const WITHIN: readonly (readonly [expert: string, Readonly<Record<Language, string>>])[] = [
  ['new', { en: 'a value never seen before', zh: '此前从未出现过' }],
  ['run above', { en: 'higher than usual several times in a row', zh: '连续数次偏高' }],
  ['run below', { en: 'lower than usual several times in a row', zh: '连续数次偏低' }],
  ['above all', { en: 'higher than all before', zh: '高于此前所有值' }],
  ['below all', { en: 'lower than all before', zh: '低于此前所有值' }],
  ['mean above', { en: 'on average higher than usual', zh: '近来平均偏高' }],
  ['mean below', { en: 'on average lower than usual', zh: '近来平均偏低' }],
]
const MEANS: readonly string[] = ['mean above', 'mean below']
const UNLIKE: Readonly<Record<Language, string>> = { en: 'unlike what came before', zh: '与以往走势不同' }

function expectedClause(finding: Finding, unit: string, language: Language): string {
  const { kind, value, expected, lower, upper, experts } = finding
  const band = bandText({ value, expected, lower, upper }, unit, language)
  if (band === '') return ''
  const judged = kind !== 'variance' && kind !== 'burst'
  // A band of means says nothing of a sample.
  const isMean = MEANS.some((expert) => experts.includes(expert))
  if (!judged || (!isMean && (value < lower || value > upper)) || !(upper > lower))
    return language === 'zh' ? `，预期${band}` : `, expected ${band}`
  const known = WITHIN.find(([expert]) => experts.includes(expert))?.[1]
  // Where it has drifted to is nothing unusual yet: its slope is.
  if (kind === 'drift' && known === undefined) return ''
  const why = (known ?? UNLIKE)[language]
  return language === 'zh' ? `，${why}（通常${band}）` : `, ${why} (usually ${band})`
}

/** `150 to 290 ms`, `up to 290 ms`: below 0 nothing is expected of what is not below 0 itself. */
function bandText(
  { value, expected, lower, upper }: Pick<Finding, 'value' | 'expected' | 'lower' | 'upper'>,
  unit: string,
  language: Language,
): string {
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) {
    if (!Number.isFinite(expected)) return ''
    return `${language === 'zh' ? ' ' : ''}${quantity(expected, unit)}`
  }
  const isCount = lower <= 0 && upper >= 0 && value >= 0 && expected >= 0
  if (isCount) return `${language === 'zh' ? '不超过 ' : 'up to '}${quantity(upper, unit)}`
  return language === 'zh' ? ` ${range(lower, upper, unit, ' 至 ')}` : range(lower, upper, unit, ' to ')
}

function timeClause({ since_ms, last_ms }: Finding, over: boolean, locale: Locale): string {
  const isZh = locale.language === 'zh'
  const since = moment(since_ms, last_ms, locale)
  if (!over) return isZh ? `自 ${since} 起` : `since ${since}`
  if (since === timeOfDay(last_ms, locale)) return isZh ? `在 ${since} ` : `at ${since}`
  const [from, to] = stretch(since_ms, last_ms, locale)
  return isZh ? `在 ${from} 至 ${to} 期间` : `from ${from} to ${to}`
}

function restoredClause({ restores_ms, last_ms }: Finding, locale: Locale): string {
  if (restores_ms === undefined) return ''
  const before = moment(restores_ms, last_ms, locale)
  return locale.language === 'zh' ? `；已回到 ${before} 之前的水平` : `; back to what it was before ${before}`
}

function adoptedClause({ adopted, last_ms }: Finding, locale: Locale): string {
  if (adopted !== true) return ''
  const at = timeOfDay(last_ms, locale)
  return locale.language === 'zh' ? `；自 ${at} 起视为新常态` : `; the new normal from ${at}`
}

function learningClause({ learning }: Finding, { language }: Locale): string {
  if (learning !== true) return ''
  return language === 'zh' ? '；该序列刚开始观察，所知尚少' : '; the series is new, and little is known of it yet'
}

function withdrawnClause({ withdrawn, until_ms, last_ms }: Finding, locale: Locale): string {
  if (withdrawn !== true) return ''
  const at = timeOfDay(until_ms ?? last_ms, locale)
  return locale.language === 'zh' ? `；其规则已于 ${at} 移除，不再观察` : `; no longer watched: its rule went at ${at}`
}

function flappingClause({ flapping, last_ms }: Finding, locale: Locale): string {
  if (flapping === undefined) return ''
  const { returns } = flapping
  const since = moment(flapping.since_ms, last_ms, locale)
  if (locale.language === 'zh') return `；自 ${since} 起又出现 ${returns} 次`
  return `; recurred ${returns === 1 ? 'once' : `${returns} times`} since ${since}`
}
