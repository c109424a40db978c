import type { Alert } from '#core/alert.ts'
import { messageOf } from '#core/errors.ts'
import type { Finding } from '#core/finding.ts'
import type { QueryResult } from '#core/ports/query-engine.ts'
import { Labels } from '#core/series.ts'

import { nativeNotation, nativeText } from '../../query/index.ts'
import { labelsOf } from './house.ts'
import type { AlertTest, AnomalyTest, ExprTest } from './schema.ts'

/** What was expected and what came, or '' where they agree. */
function difference(expected: readonly string[], got: readonly string[]): string {
  const [a, b] = [expected.toSorted(), got.toSorted()]
  if (a.length === b.length && a.every((line, i) => line === b[i])) return ''
  return `expected ${shown(a)}\n     got ${shown(b)}`
}

const shown = (lines: readonly string[]): string => (lines.length === 0 ? 'nothing' : lines.join('\n         '))

function alertText(labels: Labels, annotations: Readonly<Record<string, string>>): string {
  return `${String(labels)} with ${String(Labels.of(annotations))}`
}

/** Firing alerts of a name against those expected. */
export function wrongAlerts({ alertname, exp_alerts }: AlertTest, active: readonly Alert[]): string {
  const expected = exp_alerts.map(({ exp_labels, exp_annotations }) =>
    alertText(Labels.of({ ...exp_labels, alertname }), exp_annotations),
  )
  const got = active.filter(({ rule, state }) => rule === alertname && state === 'firing')
  return difference(
    expected,
    got.map(({ labels, annotations }) => alertText(labels, annotations)),
  )
}

type Aspect = readonly [name: 'exp_direction' | 'exp_kind' | 'exp_severity', of: (finding: Finding) => string]

const ASPECTS: readonly Aspect[] = [
  ['exp_direction', ({ direction }) => direction],
  ['exp_kind', ({ kind }) => kind],
  ['exp_severity', ({ severity }) => severity],
]

/** Open findings of a rule against those expected; of an expected one only what it says. */
export function wrongFindings({ exp_findings }: AnomalyTest, open: readonly Finding[]): string {
  const expected = exp_findings.map((one) => {
    const said = ASPECTS.flatMap(([name]) => (one[name] === undefined ? [] : [one[name]]))
    const about = one.exp_annotations === undefined ? '' : ` with ${String(Labels.of(one.exp_annotations))}`
    return `${[String(Labels.of(one.exp_labels)), ...said].join(' ')}${about}`
  })
  const got = open.map((finding) => {
    const one = exp_findings.find(({ exp_labels }) => Labels.of(exp_labels).equals(finding.labels))
    const said = ASPECTS.flatMap(([name, of]) => (one !== undefined && one[name] === undefined ? [] : [of(finding)]))
    const about = one?.exp_annotations === undefined ? '' : ` with ${String(Labels.of(finding.annotations))}`
    return `${[String(finding.labels), ...said].join(' ')}${about}`
  })
  return difference(expected, got)
}

/** A native histogram is its notation. */
interface Sample {
  readonly labels: Labels
  readonly value: number | string
}

/** The result of an expression against samples; `fuzzy`: neighbouring floats are the same. */
export function wrongSamples({ exp_samples }: ExprTest, result: QueryResult, fuzzy: boolean): string {
  if (result.type === 'string' || result.type === 'matrix')
    return `the result is a ${result.type}, not a vector or a number`
  const got: Sample[] =
    result.type === 'scalar'
      ? [{ labels: Labels.empty, value: result.value }]
      : result.series.map(({ labels, value, histograms }) => ({
          labels,
          value: value[0] ?? nativeText(histograms![0]!.value),
        }))
  const expected: Sample[] = []
  try {
    for (const { labels, value, histogram } of exp_samples)
      expected.push({ labels: labelsOf(labels), value: histogram === '' ? value : nativeNotation(histogram) })
  } catch (error) {
    return `exp_samples cannot be read: ${messageOf(error)}`
  }
  const agreed = expected.map(
    (one) => got.find((other) => other.labels.equals(one.labels) && alike(one.value, other.value, fuzzy)) ?? one,
  )
  return difference(agreed.map(sampleText), got.map(sampleText))
}

const sampleText = ({ labels, value }: Sample): string => `${String(labels)} ${value}`

const alike = (a: number | string, b: number | string, fuzzy: boolean): boolean =>
  typeof a === 'number' && typeof b === 'number' ? near(a, b, fuzzy) : a === b

function near(a: number, b: number, fuzzy: boolean): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  return fuzzy && next(a, 1n) >= b && next(a, -1n) <= b
}

/** The neighbouring float64 of a finite number, away from zero for +1 when it is positive. */
function next(value: number, by: 1n | -1n): number {
  if (value === 0) return Number(by) * Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? by : -by))
  return view.getFloat64(0)
}
