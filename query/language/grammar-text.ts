import { type Token, tokensOf } from './tokens.ts'

const KEPT = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\x60[^\x60]*\x60|#[^\n]*`

/** A number such as `2.` is Go's, not the grammar's. */
const TRAILING_DOT = String.raw`(?<![\w.:])\d+\.(?![\w.])`

/** Functions of the query, in durations and out of them; upstream takes them in any case of letters. */
const QUERY_CALL = String.raw`\b(?:min_of|max_of|step|range|start|end)(?=\s*\()`
const PIECES = new RegExp(`${KEPT}|${TRAILING_DOT}|${QUERY_CALL}|\\boffset\\b(?:[\\s+-]*(?=\\w))?|[[\\]]`, 'gi')

const BINARY_WORDS = new Set(['and', 'atan2', 'or', 'unless'])
/** Words behind an operator, before its right operand, the first four with labels in parentheses. */
const MATCHING = new Set(['group_left', 'group_right', 'ignoring', 'on', 'bool'])

const NO_NAMES: ReadonlySet<number> = new Set()

/** Where `offset` stands for an operand: there it is the name of a metric. */
function offsetsAsNames(source: string): ReadonlySet<number> {
  const found = new Set<number>()
  const tokens = tokensOf(source)
  let wanted = true
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text, from, inBraces } = tokens[i]!
    if (inBraces) {
      wanted = false
      continue
    }
    const word = kind === 'identifier' ? text.toLowerCase() : ''
    if (word === '') wanted = kind === 'operator' || (kind === 'punctuation' && !CLOSING.has(text))
    else if (wanted && word === 'offset') {
      found.add(from)
      wanted = false
    } else if (wanted && MATCHING.has(word)) {
      if (tokens[i + 1]?.text === '(') i = closingAfter(tokens, i)
    } else wanted = word === 'offset' || (!wanted && BINARY_WORDS.has(word))
  }
  return found
}

const CLOSING = new Set([')', ']', '}'])

/** Of the first list of labels behind a token. */
function closingAfter(tokens: readonly Token[], from: number): number {
  let at = from
  while (at < tokens.length && tokens[at]!.text !== ')') at++
  return at
}

/**
 * The source with what the grammar does not know blanked or replaced by what it does, so that offsets stay: `2.`; `STEP()`; `min_of` and
 * `max_of` outside durations, for which a function with a name of the same length stands.
 */
export function forGrammar(source: string): string {
  const names = /offset/i.test(source) ? offsetsAsNames(source) : NO_NAMES
  let brackets = 0
  let afterOffset = -1
  return source.replace(PIECES, (piece: string, at: number) => {
    if (piece === '[') brackets++
    else if (piece === ']') brackets--
    else if (/^offset/i.test(piece)) {
      if (names.has(at)) return `metric${piece.slice(6)}`
      afterOffset = at + piece.length
    } else if (/^\d/.test(piece)) return `${piece.slice(0, -1)} `
    else if (/^(?:min|max)_of$/i.test(piece)) {
      return brackets > 0 || at === afterOffset ? piece.toLowerCase() : 'idelta'
    } else if (/^\w+$/.test(piece)) return piece.toLowerCase()
    return piece
  })
}

const ANY_CASE = new Set(['end', 'max_of', 'min_of', 'range', 'start', 'step'])

/** The name of a function as it was written, which counts but for those above. */
export function functionName(written: string): string {
  const lower = written.toLowerCase()
  return ANY_CASE.has(lower) ? lower : written
}
