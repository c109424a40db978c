import type { RE2JS } from 're2js'

import { ServiceError } from '#core/errors.ts'
import { type Labels, METRIC_NAME } from '#core/series.ts'

import { mergeSame } from '../evaluate/merge.ts'
import { compileRegex } from '../evaluate/regex.ts'
import { type Column, vector, type VectorValue } from '../evaluate/values.ts'
import { type FunctionCall, type PromqlFunction, stringArg, vectorArg } from './function.ts'

/** `label_join`, `label_replace`: elements that come to the same label set must not have values at the same step. */
export const labelling: readonly PromqlFunction[] = [
  {
    name: 'label_join',
    args: ['vector', 'string', 'string', 'string'],
    optional: Infinity,
    returns: 'vector',
    call: join,
  },
  { name: 'label_replace', args: ['vector', 'string', 'string', 'string', 'string'], returns: 'vector', call: replace },
]

function join(call: FunctionCall): Promise<VectorValue> {
  const [target, separator] = [stringArg(call, 1), stringArg(call, 2)]
  const sources = call.values.slice(3).map((_, i) => stringArg(call, 3 + i))
  for (const source of sources) checkName(source, 'source', call)
  checkName(target, 'destination', call)
  return relabelled(call, target, (labels) => {
    const parts = sources.map((name) => labels.get(name))
    checkLength(
      parts.reduce((sum, { length }) => sum + length + separator.length, 0),
      call,
    )
    return parts.join(separator)
  })
}

function replace(call: FunctionCall): Promise<VectorValue> {
  const [target, template, source, pattern] = [1, 2, 3, 4].map((i) => stringArg(call, i)) as [
    string,
    string,
    string,
    string,
  ]
  const regex = compileRegex(pattern, call.limits.regex)
  if (typeof regex === 'string') {
    throw new ServiceError('execution', `invalid regular expression in label_replace(): ${pattern}`)
  }
  checkName(target, 'destination', call)
  return relabelled(call, target, (labels) =>
    expanded(regex, labels.get(source), template, (length) => checkLength(length, call)),
  )
}

/** A label that is made of others could double with each call. */
function checkLength(length: number, { limits }: FunctionCall): void {
  if (length <= limits.label) return
  throw new ServiceError('execution', `query would make a label value of more than ${limits.label} characters`)
}

function checkName(name: string, what: string, { expr }: FunctionCall): void {
  if (name !== '' && name.isWellFormed()) return
  const caller = expr.kind === 'call' ? expr.name : ''
  throw new ServiceError('execution', `invalid ${what} label name in ${caller}(): ${name}`)
}

/** Bytes of a label set but for the value that is new in it. */
const LABELS_BYTES = 200
/** A label set costs as much as so many values. */
const RELABELLING = 100

/** Sets `target` to what `of` gives; undefined leaves an element as it is. A name that is set is meant. */
async function relabelled(
  call: FunctionCall,
  target: string,
  of: (labels: Labels) => string | undefined,
): Promise<VectorValue> {
  const { budget } = call
  const operand = vectorArg(call, 0)
  const columns: Column[] = []
  for (const column of operand.columns) {
    budget.worked(RELABELLING)
    if (budget.due) await budget.pause()
    const value = of(column.labels)
    if (value !== undefined) budget.hold(LABELS_BYTES + 2 * value.length)
    columns.push(value === undefined ? column : relabelledColumn(column, target, value))
  }
  return vector(mergeSame(columns), operand.ordered)
}

function relabelledColumn(column: Column, target: string, value: string): Column {
  const nameless = column.nameless && target !== METRIC_NAME
  return { ...column, labels: column.labels.with(target, value), nameless }
}

const REFERENCE = /\$(?:\$|(\w+)|\{(\w+)\})/g

/** The template with `$1`, `${1}`, `$name` replaced by groups; undefined where the regex does not match the whole. */
function expanded(regex: RE2JS, text: string, template: string, check: (length: number) => void): string | undefined {
  const matcher = regex.matcher(text)
  if (!matcher.matches()) return undefined
  const names = regex.namedGroups()
  let length = template.length
  check(length)
  return template.replace(REFERENCE, (whole, bare: string | undefined, braced: string | undefined) => {
    if (whole === '$$') return '$'
    const name = bare ?? braced!
    const index = /^\d+$/.test(name) ? Number(name) : names[name]
    const group = index === undefined || index > matcher.groupCount() ? '' : (matcher.group(index) ?? '')
    length += group.length
    check(length)
    return group
  })
}
