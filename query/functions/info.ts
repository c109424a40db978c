import { ServiceError } from '#core/errors.ts'
import type { Matcher } from '#core/ports/series-reader.ts'
import { Labels, METRIC_NAME } from '#core/series.ts'

import { matcherTest } from '../evaluate/matcher-test.ts'
import { mergeSame } from '../evaluate/merge.ts'
import { type Column, isEmpty, vector, type VectorValue } from '../evaluate/values.ts'
import type { VectorSelector } from '../language/ast.ts'
import { type FunctionCall, type PromqlFunction, vectorArg } from './function.ts'
import { type InfoSeries, infoSeriesOf } from './info-series.ts'

/** `info`: series with the data labels of the info metrics that have the same identifying labels. */
export const infoJoin: readonly PromqlFunction[] = [
  {
    name: 'info',
    args: ['vector', 'vector'],
    optional: 1,
    returns: 'vector',
    infoLabels: true,
    timed: 1,
    call: joined,
  },
]

const NOT_DATA = new Set([METRIC_NAME])

async function joined(call: FunctionCall): Promise<VectorValue> {
  const { columns, ordered } = vectorArg(call, 0)
  const selector = call.exprs[1] as VectorSelector
  const names = selector.matchers.filter(({ name }) => name === METRIC_NAME).map(matcherTest)
  const isInfo = ({ labels }: Column): boolean => names.every((test) => test(labels))
  const bases = columns.filter((column) => !isInfo(column))
  const data = selector.matchers.filter(({ name }) => name !== METRIC_NAME)
  const join: Join = {
    wanted: data.length === 0 ? undefined : new Set(data.map(({ name }) => name)),
    required: !data.every(matchesEmpty),
    infos: infoSeriesOf((await call.timestamps(selector)).columns, bases),
  }
  const out: Column[] = []
  for (const column of columns) {
    call.budget.spend(column.has.length)
    if (call.budget.due) await call.budget.pause()
    if (isInfo(column)) out.push(column)
    else out.push(...enriched(column, join))
  }
  return vector(mergeSame(out), ordered)
}

interface Join {
  /** Labels to take; undefined: all. */
  readonly wanted: ReadonlySet<string> | undefined
  /** A series without any info is left out. */
  readonly required: boolean
  readonly infos: (base: Labels) => readonly InfoSeries[]
}

function matchesEmpty(matcher: Matcher): boolean {
  return matcherTest(matcher)(Labels.empty)
}

/** One column for each set of labels that the series has in the course of time. */
function enriched(base: Column, join: Join): Column[] {
  const infos = join.infos(base.labels)
  if (infos.length === 0) return join.required ? [] : [base]
  const results = new Map<string, Column>()
  let before = ''
  let current: Column | undefined
  for (let i = 0; i < base.has.length; i++) {
    if (base.has[i] === 0) continue
    const key = infos.map(({ newest }) => newest[i]).join()
    if (current === undefined || key !== before) {
      before = key
      current = results.get(key)
      if (current === undefined) {
        const chosen = infos.flatMap(({ newest, labels }) => labels[newest[i]!] ?? [])
        const has = new Uint8Array(base.has.length)
        current = { ...base, labels: withLabels(base.labels, chosen, join.wanted), has }
        if (chosen.length > 0 || !join.required) results.set(key, current)
      }
    }
    current.has[i] = 1
  }
  return [...results.values()].filter((column) => !isEmpty(column))
}

/** What the series has itself stays; `execution` where two infos say different things. */
function withLabels(base: Labels, chosen: readonly Labels[], wanted: ReadonlySet<string> | undefined): Labels {
  const added = new Map<string, string>()
  for (const info of chosen) {
    for (const [name, value] of info) {
      if (NOT_DATA.has(name) || wanted?.has(name) === false || base.get(name) !== '') continue
      if ((added.get(name) ?? value) !== value) throw new ServiceError('execution', `conflicting label: ${name}`)
      added.set(name, value)
    }
  }
  return added.size === 0 ? base : base.merge([...added])
}
