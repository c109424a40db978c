import { ServiceError } from '#core/errors.ts'

export const bad = (message: string): ServiceError => new ServiceError('bad_config', message)

export interface Token {
  readonly kind: 'word' | 'field' | 'variable' | 'text' | 'number' | 'mark'
  /** Strings without their quotes, fields without their dot. */
  readonly text: string
  /** Blank space before it: `f .a` is a call, `f.a` is not. */
  readonly spaced: boolean
}

/** A stretch of plain text, or what stands between `{{` and `}}`. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly source: string }

const BLANK = /\s*/y
const COMMENT = /\/\*[\s\S]*?\*\/(\s+-)?\}\}/y
const CLOSE = /(\s-)?\}\}/y
const FORMS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['text', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  [
    'number',
    /[+-]?(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?\.?|'(?:[^'\\\n]|\\.[^']*)')(?![\p{L}\p{N}_])/uy,
  ],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['mark', /:=|[=,|().]/y],
]

function matched(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(source)
}

/** Text and actions in turn; `{{-` and `-}}` have taken the blank space beside them. Throws `ServiceError('bad_config')`. */
export function piecesOf(source: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trims = false
  for (;;) {
    const open = source.indexOf('{{', at)
    let text = source.slice(at, open === -1 ? source.length : open)
    if (trims) text = text.trimStart()
    const dash = open !== -1 && /^-\s/.test(source.slice(open + 2, open + 4))
    if (dash) text = text.trimEnd()
    if (text !== '') pieces.push({ kind: 'text', text })
    if (open === -1) return pieces
    const read = actionAt(source, open + (dash ? 3 : 2))
    if (read.tokens !== undefined)
      pieces.push({ kind: 'action', tokens: read.tokens, source: source.slice(open, read.end) })
    at = read.end
    trims = read.trims
  }
}

interface Read {
  /** Undefined for a comment. */
  readonly tokens: readonly Token[] | undefined
  readonly end: number
  readonly trims: boolean
}

function actionAt(source: string, from: number): Read {
  let at = matched(BLANK, source, from)![0].length + from
  const comment = matched(COMMENT, source, at)
  if (comment !== null) return { tokens: undefined, end: at + comment[0].length, trims: comment[1] !== undefined }
  const tokens: Token[] = []
  for (;;) {
    // Before blank space is skipped: ` -}}` needs it.
    const close = matched(CLOSE, source, at) ?? matched(CLOSE, source, afterBlank(source, at))
    if (close !== null) return { tokens, end: close.index + close[0].length, trims: close[1] !== undefined }
    const start = afterBlank(source, at)
    if (start >= source.length) throw bad(`"{{" without "}}" in ${JSON.stringify(source.slice(from - 2))}`)
    const token = tokenAt(source, start, start > at || tokens.length === 0)
    tokens.push(token.token)
    at = token.end
  }
}

const afterBlank = (source: string, at: number): number => at + matched(BLANK, source, at)![0].length

function tokenAt(source: string, at: number, spaced: boolean): { token: Token; end: number } {
  for (const [kind, pattern] of FORMS) {
    const match = matched(pattern, source, at)
    if (match === null) continue
    const [whole] = match
    const text = kind === 'text' ? unquoted(whole) : kind === 'field' ? whole.slice(1) : whole
    return { token: { kind, text, spaced }, end: at + whole.length }
  }
  throw bad(`cannot read ${JSON.stringify(source.slice(at).split('}}')[0]!.trim())} in a template`)
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** A string or character of Go without its quotes. */
export function unquoted(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1)
  return text
    .slice(1, -1)
    .replaceAll(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
      (whole, x?: string, u?: string, long?: string, octal?: string, one?: string) => {
        const hex = x ?? u ?? long
        if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
        if (one !== undefined && (ESCAPES[one] !== undefined || /["'\\]/.test(one))) return ESCAPES[one] ?? one
        throw bad(`${whole} is no escape in ${text}`)
      },
    )
}
