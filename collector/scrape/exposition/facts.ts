import { type Family, suffixIn } from './family.ts'
import type { Head } from './head.ts'

/** What a number may be: a bit each. */
export const NOT_NEGATIVE = 1
export const NOT_NAN = 2
export const WHOLE = 4
export const ONE = 8
export const ZERO_OR_ONE = 16

export type Role = 'bucket' | 'count' | 'sum' | 'other'

/** The series of a family that share labels: a histogram with its buckets, a gauge. */
export class MetricGroup {
  page = 0
  /** Forgotten: what refers to it is to be looked up anew. */
  gone = false
  timed = false
  time_ms = NaN
  /** Of the point that is being read. */
  le = -Infinity
  last = 0
  buckets = 0
  count = NaN
  hasSum = false
  negativeBuckets = false
  negativeSum = false

  beginPoint(): void {
    this.le = -Infinity
    this.last = 0
    this.buckets = 0
    this.count = NaN
    this.hasSum = false
    this.negativeBuckets = false
    this.negativeSum = false
  }
}

/** What OpenMetrics says about a line, once for all pages. */
export interface Facts {
  /** The rule that the line breaks whatever its value; '' where it breaks none. */
  readonly fault: string
  readonly value: number
  readonly exemplars: boolean
  readonly role: Role
  /** Of a bucket. */
  readonly le: number
  readonly group: MetricGroup
  /** The page that it was last on. */
  page: number
}

interface Shape {
  readonly value: number
  readonly role?: Role
  readonly exemplars?: boolean
  /** The label that tells the samples of one metric apart. */
  readonly label?: 'le' | 'quantile'
}

const COUNT: Shape = { value: NOT_NEGATIVE | NOT_NAN | WHOLE, role: 'count' }
const BUCKET: Shape = { ...COUNT, role: 'bucket', exemplars: true, label: 'le' }
const ANY: Shape = { value: 0 }
const POSITIVE: Shape = { value: NOT_NEGATIVE | NOT_NAN }

/** By type and suffix, what may be exposed. Source: OpenMetrics specification, "Metric types". */
const SHAPES: Readonly<Record<Family['type'], Readonly<Record<string, Shape>>>> = {
  counter: { _total: { ...POSITIVE, exemplars: true }, _created: POSITIVE },
  gauge: { '': ANY },
  unknown: { '': ANY },
  summary: {
    '': { value: NOT_NEGATIVE, label: 'quantile' },
    _sum: { ...POSITIVE, role: 'sum' },
    _count: COUNT,
    _created: POSITIVE,
  },
  histogram: { _bucket: BUCKET, _sum: { ...POSITIVE, role: 'sum' }, _count: COUNT, _created: POSITIVE },
  gaugehistogram: { _bucket: BUCKET, _gsum: { value: NOT_NAN, role: 'sum' }, _gcount: COUNT },
  info: { _info: { value: ONE } },
  stateset: { '': { value: ZERO_OR_ONE } },
}

function faultOfLabel(label: 'le' | 'quantile', text: string): string {
  const number = text === '+Inf' ? Infinity : text === '' ? NaN : Number(text)
  if (Number.isNaN(number)) return `${label} is not a number`
  if (label === 'le') return number === Infinity && text !== '+Inf' ? 'le is not a number' : ''
  return number >= 0 && number <= 1 ? '' : 'a quantile lies outside 0 to 1'
}

/** `groups`: those of the family, by the labels that they share. */
export function factsOf({ name, pairs }: Head, family: Family, groups: Map<string, MetricGroup>): Facts {
  const suffix = suffixIn(family, name)
  const shape = suffix === undefined ? undefined : SHAPES[family.type][suffix]
  const apart = family.type === 'stateset' ? family.name : shape?.label
  const text = pairs.find(([label]) => label === apart)?.[1] ?? ''
  let fault = shape === undefined ? `a ${family.type} has no sample of that name` : ''
  if (shape?.label !== undefined) fault ||= faultOfLabel(shape.label, text)
  if (family.type === 'stateset' && text === '') fault ||= 'a state has no label with the name of its set'
  const key = JSON.stringify(pairs.filter(([label]) => label !== apart).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  let group = groups.get(key)
  if (group === undefined) groups.set(key, (group = new MetricGroup()))
  const le = shape?.label === 'le' ? (text === '+Inf' ? Infinity : Number(text)) : NaN
  return {
    fault,
    value: shape?.value ?? 0,
    exemplars: shape?.exemplars ?? false,
    role: shape?.role ?? 'other',
    le,
    group,
    page: 0,
  }
}
