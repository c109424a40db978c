import { ServiceError } from '#core/errors.ts'

import { isPromqlFunction } from './catalogue.ts'
import { quoted } from './literals.ts'
import { parseError } from './position.ts'
import { type Token, tokensOf } from './tokens.ts'
import { FUNCTIONS } from './value-types.ts'

const AGGREGATORS = new Set(
  'sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio'.split(' '),
)
const KEYWORDS = new Set('by without on ignoring group_left group_right bool offset'.split(' '))
/** Words that mean something in front of a parenthesis only. */
const FILLS = new Set(['fill', 'fill_left', 'fill_right'])

/**
 * The error for an expression that the grammar refused at `offset`: worded as Prometheus words it as far as the place
 * tells, and naming what PromQL has and we have not.
 */
export function syntaxError(source: string, offset: number): ServiceError {
  if (source === '') return new ServiceError('bad_data', 'unknown position: parse error: no expression found in input')
  const tokens = tokensOf(source)
  if (tokens[0]!.kind === 'end') return parseError(source, 0, 'no expression found in input')
  const found = tokens.findIndex(
    ({ from, text, kind }) => from >= offset || (kind !== 'end' && from + text.length > offset),
  )
  const index = found === -1 ? tokens.length - 1 : found
  return unknownFunction(source, tokens, index) ?? unexpected(source, tokens, index)
}

/** A name in front of a parenthesis that the grammar does not know as a function. */
function unknownFunction(source: string, tokens: readonly Token[], index: number): ServiceError | undefined {
  for (const name of [tokens[index - 1], tokens[index - 2]]) {
    if (name === undefined || name.kind !== 'identifier' || name.inBraces) continue
    if (tokens[tokens.indexOf(name) + 1]?.text !== '(') continue
    const lower = name.text.toLowerCase()
    if (AGGREGATORS.has(lower) || KEYWORDS.has(lower) || FILLS.has(lower)) return undefined
    if (FUNCTIONS.has(name.text)) return undefined
    if (isPromqlFunction(name.text)) {
      return parseError(source, name.from, `function ${name.text} is not supported yet`)
    }
    return parseError(source, name.from, `unknown function with name ${quoted(name.text)}`)
  }
  return undefined
}

function unexpected(source: string, tokens: readonly Token[], index: number): ServiceError {
  const token = tokens[index]!
  if (token.kind === 'error') return parseError(source, token.from, token.text)
  const before = tokens[index - 1]
  if (token.text === ')' && before?.text === ',') {
    return parseError(source, before.from, 'trailing commas not allowed in function call args')
  }
  return parseError(source, token.from, `unexpected ${describe(token)}${context(tokens, index)}`)
}

function describe({ kind, text }: Token): string {
  if (kind === 'end') return 'end of input'
  if (kind === 'operator' && text !== '=') return `<op:${text}>`
  if (text === '@') return '<op:@>'
  if (kind === 'punctuation' || kind === 'operator') return quoted(text)
  if (kind !== 'identifier') return `${kind} ${quoted(text)}`
  const lower = text.toLowerCase()
  if (AGGREGATORS.has(lower)) return `<aggr:${text}>`
  if (KEYWORDS.has(lower)) return `<${text}>`
  if (lower === 'atan2') return `<op:${text}>`
  return `${text.includes(':') ? 'metric ' : ''}identifier ${quoted(text)}`
}

const GROUPING = new Set('by without on ignoring group_left group_right'.split(' '))
const DURATION = 'expected number, duration, step(), or range()'

/** What must follow a word, outside braces. */
const EXPECTED_AFTER: Readonly<Record<string, string>> = {
  by: ' in grouping opts, expected "("',
  without: ' in grouping opts, expected "("',
  on: ' in grouping opts, expected "("',
  ignoring: ' in grouping opts, expected "("',
  offset: ` in offset, ${DURATION}`,
  '@': ' in @, expected timestamp',
  '[': ` in subquery or range selector, ${DURATION}`,
}

/** Where the parenthesis is that is open in front of a token, or that the one in front of it closes; -1: nowhere. */
function openBefore(tokens: readonly Token[], index: number): number {
  let depth = tokens[index - 1]?.text === ')' ? 0 : 1
  for (let at = index - 1; at >= 0; at--) {
    if (tokens[at]!.text === ')') depth++
    if (tokens[at]!.text === '(' && --depth === 0) return at
  }
  return -1
}

/** In a list of labels, or between one and what is to be aggregated. */
function groupingContext(tokens: readonly Token[], index: number): string | undefined {
  const open = openBefore(tokens, index)
  const keyword = tokens[open - 1]?.text.toLowerCase() ?? ''
  if (open < 2 || !GROUPING.has(keyword)) return undefined
  const before = tokens[index - 1]!.text
  if (before === '(' || before === ',') return ' in grouping opts, expected label'
  if (before !== ')') return ' in grouping opts, expected "," or ")"'
  return AGGREGATORS.has(tokens[open - 2]!.text.toLowerCase()) ? ' in aggregation' : undefined
}

/** Behind the first duration of a range. */
function rangeContext(tokens: readonly Token[], index: number): string {
  const opens = tokens.findLastIndex(
    ({ text, kind }, at) => at < index && kind === 'punctuation' && '[]:'.includes(text),
  )
  return tokens[opens]?.text === '[' ? ' in subquery or range, expected ":" or "]"' : ''
}

function context(tokens: readonly Token[], index: number): string {
  const [token, before] = [tokens[index]!, tokens[index - 1]]
  if (before === undefined) return ''
  if (!token.inBraces) {
    const expected = index < 2 ? undefined : EXPECTED_AFTER[before.text.toLowerCase()]
    return expected ?? groupingContext(tokens, index) ?? rangeContext(tokens, index)
  }
  if (before.kind === 'operator') return ' in label matching, expected string'
  if (before.kind === 'identifier') return ' in label matching, expected label matching operator'
  const wanted = before.kind === 'string' ? '"," or "}"' : 'identifier or "}"'
  return ` in label matching, expected ${wanted}`
}
