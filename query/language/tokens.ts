/** A token of an expression as Prometheus' lexer would cut it, for the words of a syntax error. */
export interface Token {
  readonly kind: 'identifier' | 'number' | 'string' | 'operator' | 'punctuation' | 'end' | 'error'
  /** As written; for `error` the message. */
  readonly text: string
  readonly from: number
  readonly inBraces: boolean
}

type Cut = Pick<Token, 'kind' | 'text'>

const SKIPPED = /(?:\s|#[^\n]*)+/y
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y
const NUMBER = /0x[\da-f]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?(?:[ywdhms]\w*)?/iy
const IDENTIFIER = /[A-Za-z_:][\w:]*/y
const OPERATOR = /==|!=|<=|>=|=~|!~|[-+*/%^<>]/y
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
  for (let offset = 0; ;) {
    offset += at(SKIPPED, source, offset).length
    const inBraces = open.at(-1) === '{'
    const cut = offset >= source.length ? endOf(open) : next(source, offset, open)
    tokens.push({ ...cut, from: offset, inBraces })
    if (cut.kind === 'end' || cut.kind === 'error') return tokens
    offset += cut.text.length
  }
}

function endOf(open: readonly string[]): Cut {
  const innermost = open.at(-1)
  if (innermost === '{') return { kind: 'error', text: 'unexpected end of input inside braces' }
  if (innermost === '[') return { kind: 'error', text: 'unclosed left bracket' }
  if (innermost === '(') return { kind: 'error', text: 'unclosed left parenthesis' }
  return { kind: 'end', text: '' }
}

function next(source: string, offset: number, open: string[]): Cut {
  const char = source[offset]!
  if (char === '"' || char === "'" || char === '`') {
    const text = at(STRING, source, offset)
    if (text !== '') return { kind: 'string', text }
    return { kind: 'error', text: char === '`' ? 'unterminated raw string' : 'unterminated quoted string' }
  }
  if ('([{'.includes(char)) {
    if (open.at(-1) === '{') return { kind: 'error', text: `unexpected character inside braces: '${char}'` }
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
  return { kind: 'error', text: `unexpected ${what} '${char}'` }
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

function nextOutside(source: string, offset: number): Cut {
  const number = at(NUMBER, source, offset)
  if (number !== '') return { kind: 'number', text: number }
  const identifier = at(IDENTIFIER, source, offset)
  if (identifier !== '') return { kind: 'identifier', text: identifier }
  const operator = at(OPERATOR, source, offset)
  if (operator !== '') return { kind: 'operator', text: operator }
  const char = String.fromCodePoint(source.codePointAt(offset)!)
  if (',:@='.includes(char)) return { kind: 'punctuation', text: char }
  return { kind: 'error', text: `unexpected character: '${char}'` }
}
