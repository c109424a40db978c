/** A token of an expression as Prometheus' lexer would cut it, for the words of a syntax error. */
export interface Token {
  readonly kind: 'identifier' | 'number' | 'string' | 'operator' | 'punctuation' | 'end' | 'error'
  /** As written; for `error` the message. */
  readonly text: string
  readonly from: number
  readonly inBraces: boolean
}

interface Cut extends Pick<Token, 'kind' | 'text'> {
  /** How far behind its beginning an error is told. */
  readonly behind?: number
}

/** What stands in a range so far. */
interface RangeState {
  isEmpty: boolean
  hasColon: boolean
}

const SKIPPED = /(?:\s|#[^\n]*)+/y
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y
const IDENTIFIER = /[A-Za-z_:][\w:]*/y
const OPERATOR = /<\/|>\/|==|!=|<=|>=|[-+*/%^<>]/y
const LABEL_OPERATOR = /=~|!~|!=|=/y
const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

function at(pattern: RegExp, source: string, offset: number): string {
  pattern.lastIndex = offset
  return pattern.exec(source)?.[0] ?? ''
}

/** All tokens up to the end or the first lexical error, which is the last token then. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  const open: string[] = []
  const range: RangeState = { isEmpty: true, hasColon: false }
  for (let offset = 0; ;) {
    offset += at(SKIPPED, source, offset).length
    const inBraces = open.at(-1) === '{'
    const { kind, text, behind = 0 } = offset >= source.length ? endOf(open) : next(source, offset, open, range)
    tokens.push({ kind, text, from: offset + behind, inBraces })
    if (kind === 'end' || kind === 'error') return tokens
    offset += text.length
  }
}

function endOf(open: readonly string[]): Cut {
  if (open.at(-1) === '{') return { kind: 'error', text: 'unexpected end of input inside braces' }
  if (open.includes('(')) return { kind: 'error', text: 'unclosed left parenthesis' }
  if (open.length > 0) return { kind: 'error', text: 'unclosed left bracket' }
  return { kind: 'end', text: '' }
}

function next(source: string, offset: number, open: string[], range: RangeState): Cut {
  const char = source[offset]!
  if (char === '[') Object.assign(range, { isEmpty: true, hasColon: false })
  else if (open.includes('[') && open.at(-1) !== '{') {
    const cut = nextInBrackets(source, offset, range)
    if (cut !== undefined) return cut
  }
  if (char === '"' || char === "'" || char === '`') {
    const text = at(STRING, source, offset)
    if (text !== '') return { kind: 'string', text }
    return { kind: 'error', text: char === '`' ? 'unterminated raw string' : 'unterminated quoted string' }
  }
  if ('([{'.includes(char)) {
    if (open.at(-1) === '{') return { kind: 'error', text: `unexpected character inside braces: '${char}'` }
    if (char === '[' && open.includes('[')) return { kind: 'error', text: `unexpected left bracket '['` }
    open.push(char)
    return { kind: 'punctuation', text: char }
  }
  if (CLOSES[char] !== undefined) return close(char, open)
  return open.at(-1) === '{' ? nextInBraces(source, offset) : nextOutside(source, offset)
}

function close(char: string, open: string[]): Cut {
  if (open.at(-1) === CLOSES[char]) {
    open.pop()
    return { kind: 'punctuation', text: char }
  }
  if (open.at(-1) === '{') return { kind: 'error', text: `unexpected character inside braces: '${char}'` }
  const what = char === '}' ? 'character:' : `right ${char === ')' ? 'parenthesis' : 'bracket'}`
  // Prometheus has taken a parenthesis before it sees that it is one too many.
  return { kind: 'error', text: `unexpected ${what} '${char}'`, ...(char === ')' ? { behind: 1 } : {}) }
}

const DIGITS = /0x_?[\da-f]*(?:_[\da-f]+)*|(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?/iy
/** What may stand behind digits that are a duration's, and how far a broken number is read. */
const UNITS = /[smhdwy]s?(?:\d+[smhdw]s?)*/y
const BROKEN = /\.|_+|e[+-]?|[smhdwy]s?(?:\d+[smhdw]s?)*\w/iy
const ORDERED = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/

/** A number or a duration, or what is wrong with it; undefined where neither begins. */
function numberFrom(source: string, offset: number): Cut | undefined {
  const digits = at(DIGITS, source, offset)
  if (digits === '') return undefined
  if (/^0x_?$/i.test(digits)) {
    return { kind: 'error', text: `error parsing number: strconv.ParseFloat: parsing "${digits}": invalid syntax` }
  }
  const units = at(UNITS, source, offset + digits.length)
  const text = digits + units
  if (!/[\w.]/.test(source[offset + text.length] ?? '')) {
    if (units === '' || ORDERED.test(text)) return { kind: 'number', text }
    return { kind: 'error', text: `not a valid duration string: "${text}"` }
  }
  const broken = digits + at(BROKEN, source, offset + digits.length)
  return { kind: 'error', text: `bad number or duration syntax: "${broken}"` }
}

function nextInBraces(source: string, offset: number): Cut {
  const identifier = at(IDENTIFIER, source, offset)
  if (identifier !== '') return { kind: 'identifier', text: identifier }
  const operator = at(LABEL_OPERATOR, source, offset)
  if (operator !== '') return { kind: 'operator', text: operator }
  const char = String.fromCodePoint(source.codePointAt(offset)!)
  if (char === ',') return { kind: 'punctuation', text: char }
  return { kind: 'error', text: `unexpected character inside braces: '${char}'` }
}

const DURATION_WORD = /^(?:max_of|min_of|range|step)$/i

/** Names and colons of a range: but one colon, behind a duration, and no other names than those of durations. Undefined for anything else. */
function nextInBrackets(source: string, offset: number, range: RangeState): Cut | undefined {
  const char = source[offset]!
  const { isEmpty, hasColon } = range
  range.isEmpty = false
  if (char === ':') {
    if (isEmpty) return { kind: 'error', text: 'unexpected colon before duration in duration expression', behind: 1 }
    if (hasColon) return { kind: 'error', text: `unexpected colon ':'` }
    range.hasColon = true
    return { kind: 'punctuation', text: char }
  }
  const text = at(/[A-Za-z_]\w*/y, source, offset)
  if (text === '') return undefined
  if (DURATION_WORD.test(text)) return { kind: 'identifier', text }
  if (isEmpty) return { kind: 'error', text: `unexpected character in duration expression: '${char}'` }
  return { kind: 'error', text: `unexpected character: '${char}', expected ':'` }
}

function nextOutside(source: string, offset: number): Cut {
  const number = numberFrom(source, offset)
  if (number !== undefined) return number
  const identifier = at(IDENTIFIER, source, offset)
  if (/^(?:inf|nan)$/i.test(identifier)) return { kind: 'number', text: identifier }
  if (identifier !== '') return { kind: 'identifier', text: identifier }
  const operator = at(OPERATOR, source, offset)
  if (operator !== '') return { kind: 'operator', text: operator }
  const char = String.fromCodePoint(source.codePointAt(offset)!)
  const follower = source[offset + 1] ?? ''
  if (char === '!' || (char === '=' && follower === '~')) {
    return { kind: 'error', text: `unexpected character after '${char}': '${follower}'` }
  }
  if (',:@='.includes(char)) return { kind: 'punctuation', text: char }
  return { kind: 'error', text: `unexpected character: '${char}'` }
}
