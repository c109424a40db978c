import type { Alert } from '../alert.ts'
import type { Change } from '../change.ts'
import type { Finding } from '../finding.ts'
import type { Cause, Evidence, Incident, Join, TimelineEntry } from '../incident.ts'
import { serviceOf } from '../series.ts'
import { findingSentence } from './finding.ts'
import { type Language, type Locale, span } from './language.ts'

/** The member that a join, timeline entry or evidence refers to, as far as the caller could find it. */
export interface Member {
  readonly finding?: Finding
  readonly alert?: Alert
  readonly change?: Change
}

/** What people would call the trouble, from the findings and alerts of the service that shows it. */
const TROUBLES = ['failing', 'slow', 'silent', 'unusual'] as const

type Trouble = (typeof TROUBLES)[number]

const TROUBLE_WORDS: Readonly<Record<Language, Readonly<Record<Trouble, string>>>> = {
  en: { failing: 'failing', slow: 'slow', silent: 'silent', unusual: 'unusual' },
  zh: { failing: '出错', slow: '变慢', silent: '无数据', unusual: '异常' },
}

const CHANGE_WORDS: Readonly<Record<Language, Readonly<Record<Change['kind'], string>>>> = {
  en: {
    deploy: 'deploy',
    config: 'config change',
    scale: 'scaling',
    flag: 'feature flag',
    infrastructure: 'infrastructure change',
    maintenance: 'maintenance',
    event: 'planned event',
  },
  zh: {
    deploy: '部署',
    config: '配置变更',
    scale: '扩缩容',
    flag: '功能开关',
    infrastructure: '基础设施变更',
    maintenance: '维护',
    event: '计划内活动',
  },
}

type Reason = Join['reason']

const REASONS: Readonly<Record<Language, (reason: Reason) => string>> = {
  en(reason) {
    if (reason.kind === 'opened') return 'opened the incident'
    const gap = span(reason.gap_ms, 'en')
    if (reason.kind === 'same_service') return `same service ${reason.service}; ${gap} apart`
    if (reason.kind === 'call') return `${reason.caller} calls ${reason.callee}; ${gap} apart`
    return `change of ${reason.service === '' ? 'everything' : reason.service} ${gap} before`
  },
  zh(reason) {
    if (reason.kind === 'opened') return '事件由此创建'
    const gap = span(reason.gap_ms, 'zh')
    if (reason.kind === 'same_service') return `同一服务 ${reason.service}，相隔 ${gap}`
    if (reason.kind === 'call') return `${reason.caller} 调用 ${reason.callee}，相隔 ${gap}`
    return `${reason.service === '' ? '全局' : reason.service} 的变更，早 ${gap}`
  },
}

/** Why a member belongs: `checkout calls payments-db; 20 s apart`. */
export function joinSentence(join: Join, { language }: Locale): string {
  return REASONS[language](join.reason)
}

function changeText(change: Change, language: Language): string {
  const what = CHANGE_WORDS[language][change.kind]
  const where = change.service === '' ? '' : language === 'zh' ? `${change.service} ` : ` of ${change.service}`
  return language === 'zh' ? `${where}${what}：${change.title}` : `${what}${where}: ${change.title}`
}

function alertText(alert: Alert, language: Language): string {
  const summary = alert.annotations['summary'] ?? ''
  return summary === '' ? alert.rule : `${alert.rule}${language === 'zh' ? '：' : ': '}${summary}`
}

/** The member in one sentence, or its reference where it is gone. */
function memberText(member: Member, ref: string, locale: Locale): string {
  if (member.finding !== undefined) return findingSentence(member.finding, locale)
  if (member.alert !== undefined) return alertText(member.alert, locale.language)
  if (member.change !== undefined) return changeText(member.change, locale.language)
  return ref
}

const WHAT: Readonly<Record<Language, Readonly<Record<TimelineEntry['what'], string>>>> = {
  en: {
    opened: 'incident opened',
    finding: '',
    finding_closed: 'back to normal: ',
    alert: 'alert ',
    alert_resolved: 'alert resolved: ',
    change: '',
    acknowledged: 'acknowledged',
    resolved: 'resolved',
  },
  zh: {
    opened: '事件创建',
    finding: '',
    finding_closed: '恢复正常：',
    alert: '告警 ',
    alert_resolved: '告警恢复：',
    change: '',
    acknowledged: '已确认',
    resolved: '已解决',
  },
}

/** One line of an incident's timeline. `acknowledged` and `resolved` name the person in `ref` where there is one. */
export function timelineSentence(entry: TimelineEntry, member: Member, locale: Locale): string {
  const { language } = locale
  const words = WHAT[language][entry.what]
  if (entry.what === 'opened') return words
  if (entry.what !== 'acknowledged' && entry.what !== 'resolved') return words + memberText(member, entry.ref, locale)
  if (entry.ref === '') return words
  return language === 'zh' ? `${entry.ref} ${words}` : `${words} by ${entry.ref}`
}

/** What stands for entries of a timeline that are not told. */
export function moreSentence(count: number, { language }: Locale): string {
  return language === 'zh' ? `另有 ${count} 条` : `and ${count} more`
}

/** One piece of evidence for a cause. */
export function evidenceSentence(evidence: Evidence, member: Member, locale: Locale): string {
  const { language } = locale
  const text = memberText(member, evidence.ref, locale)
  if (evidence.kind === 'alert') return language === 'zh' ? `告警 ${text}` : `alert ${text}`
  if (evidence.kind === 'call') return language === 'zh' ? `调用方：${text}` : `who calls it: ${text}`
  return text
}

/** A cause, its share of the blame and what speaks for it first: `payments-db 86 %: who calls it: …`. */
export function causeSentence(cause: Cause, evidence: Evidence | undefined, member: Member, locale: Locale): string {
  const isZh = locale.language === 'zh'
  const share = `${cause.service} ${Math.round(cause.share * 100)}${isZh ? '%' : ' %'}`
  return evidence === undefined ? share : `${share}${isZh ? '：' : ': '}${evidenceSentence(evidence, member, locale)}`
}

/** `own`: the findings of the service that say what the trouble is. */
function troubleOf(own: readonly Finding[], incident: Incident): Trouble {
  const names = [
    ...own.map((finding) => `${finding.metric} ${finding.rule}`),
    ...incident.alerts.map((alert) => alert.rule),
  ].join(' ')
  if (/error|fail|5xx|exception|fatal/i.test(names)) return 'failing'
  if (/duration|latency|slow|response_time/i.test(names)) return 'slow'
  return own.length > 0 && own.every((finding) => finding.kind === 'absent') ? 'silent' : 'unusual'
}

/** The service and its trouble; where no service is known, what was told of it. */
function headOf(incident: Incident, findings: readonly Finding[], language: Language): string {
  const { symptom, alerts } = incident
  if (symptom === '') {
    const [alert] = alerts
    return alert === undefined ? (findings[0]?.rule ?? '') : alertText(alert, language)
  }
  // What merely goes along does not say what the trouble is.
  const own = findings.filter((finding) => finding.service === symptom && !finding.evidence)
  const trouble = troubleOf(own, incident)
  // Nothing was found to be unusual where a rule with a limit of its own fired: its name is all that is known.
  const fired = own.length > 0 ? undefined : alerts.find(({ labels }) => serviceOf(labels) === symptom)
  if (trouble === 'unusual' && fired !== undefined)
    return language === 'zh' ? `${symptom} 的 ${fired.rule}` : `${fired.rule} of ${symptom}`
  return `${symptom} ${TROUBLE_WORDS[language][trouble]}`
}

/** `checkout slow: payments-db`; without a cause elsewhere `checkout slow`. `findings`: those of the incident, as known. */
export function incidentTitle(incident: Incident, findings: readonly Finding[], { language }: Locale): string {
  const head = headOf(incident, findings, language)
  const cause = incident.causes[0]?.service ?? ''
  if (cause === '' || cause === incident.symptom) return head
  return language === 'zh' ? `${head}：${cause}` : `${head}: ${cause}`
}
