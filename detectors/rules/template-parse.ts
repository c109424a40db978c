import { ServiceError } from '#core/errors.ts'

/** A template of Go's text/template, as far as rule files use it. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: readonly Node[] }

export interface Branch {
  readonly condition: Pipeline
  readonly body: readonly Node[]
}

/** `a | f x | g`: the value of each is the last argument of the next. */
export type Pipeline = readonly Command[]
/** A function with arguments, or one operand. */
export type Command = readonly Operand[]
export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'function'; readonly name: string }
  /** `$labels.job`, `.Value`: a root name and the fields behind it. */
  | { readonly kind: 'path'; readonly root: string; readonly fields: readonly string[] }
  | { readonly kind: 'group'; readonly pipeline: Pipeline }

/** What may stand at the root of a path: `$labels` and `.Labels` are the same. */
export const ROOTS: Readonly<Record<string, string>> = {
  $labels: 'labels',
  $value: 'value',
  $expected: 'expected',
  $externalLabels: 'externalLabels',
  $externalURL: 'externalURL',
  '.Labels': 'labels',
  '.Value': 'value',
  '.Expected': 'expected',
  '.ExternalLabels': 'externalLabels',
  '.ExternalURL': 'externalURL',
}

const ACTION = /\{\{(-(?=\s))?\s*([\s\S]*?)\s*((?<=\s)-)?\}\}/g
const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])|([$.]?[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)|([()|]))/y
/** Words of the language that rules can do without; refused by name. */
const NOT_BUILT = new Set(['range', 'with', 'define', 'template', 'block', 'break', 'continue'])

const bad = (message: string): ServiceError => new ServiceError('bad_config', message)

/** Throws `ServiceError('bad_config')` that says what is wrong. `functions`: the names that exist. */
export function parseTemplate(text: string, functions: ReadonlySet<string>): readonly Node[] {
  const pieces: ({ text: string } | { action: string })[] = []
  let at = 0
  let trimNext = false
  for (const match of text.matchAll(ACTION)) {
    let before = text.slice(at, match.index)
    if (trimNext) before = before.trimStart()
    if (match[1] !== undefined) before = before.trimEnd()
    pieces.push({ text: before }, { action: match[2]! })
    at = match.index + match[0].length
    trimNext = match[3] !== undefined
  }
  const rest = text.slice(at)
  if (rest.includes('{{')) throw bad(`"{{" without "}}" in ${JSON.stringify(rest)}`)
  pieces.push({ text: trimNext ? rest.trimStart() : rest })
  return new Builder(pieces, functions).whole()
}

class Builder {
  readonly #pieces: readonly ({ text: string } | { action: string })[]
  readonly #functions: ReadonlySet<string>
  #at = 0

  constructor(pieces: readonly ({ text: string } | { action: string })[], functions: ReadonlySet<string>) {
    this.#pieces = pieces
    this.#functions = functions
  }

  whole(): readonly Node[] {
    const { nodes, end } = this.#until()
    if (end !== undefined) throw bad(`{{ ${end} }} without {{ if }}`)
    return nodes
  }

  /** Nodes up to `else`, `else if …` or `end`, which is returned. */
  #until(): { nodes: Node[]; end: string | undefined } {
    const nodes: Node[] = []
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++]!
      if ('text' in piece) {
        if (piece.text !== '') nodes.push({ kind: 'text', text: piece.text })
        continue
      }
      const { action } = piece
      if (/^(?:end|else(?:\s+if\s.*)?)$/s.test(action)) return { nodes, end: action }
      if (/^if\s/.test(action)) nodes.push(this.#if(action.slice(2)))
      else if (!action.startsWith('/*'))
        nodes.push({ kind: 'output', pipeline: parsePipeline(action, this.#functions) })
    }
    return { nodes, end: undefined }
  }

  #if(first: string): Node {
    const branches: Branch[] = []
    let condition = first
    for (;;) {
      const pipeline = parsePipeline(condition, this.#functions)
      const { nodes, end } = this.#until()
      branches.push({ condition: pipeline, body: nodes })
      if (end === undefined) throw bad('{{ if }} without {{ end }}')
      if (end === 'end') return { kind: 'if', branches, otherwise: [] }
      if (end !== 'else') {
        condition = end.replace(/^else\s+if/, '')
        continue
      }
      const last = this.#until()
      if (last.end !== 'end') throw bad('{{ else }} without {{ end }}')
      return { kind: 'if', branches, otherwise: last.nodes }
    }
  }
}

function parsePipeline(text: string, functions: ReadonlySet<string>): Pipeline {
  const tokens = tokensOf(text)
  const pipeline = readPipeline(tokens, functions, text)
  if (tokens.length > 0) throw bad(`unexpected ${JSON.stringify(tokens[0])} in {{ ${text} }}`)
  return pipeline
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) {
      if (text.slice(from).trim() === '') break
      throw bad(`cannot read ${JSON.stringify(text.slice(from).trim())} in {{ ${text} }}`)
    }
    tokens.push(match[0].trim())
  }
  return tokens
}

function readPipeline(tokens: string[], functions: ReadonlySet<string>, text: string): Pipeline {
  const commands: Command[] = []
  for (;;) {
    const operands: Operand[] = []
    while (tokens.length > 0 && tokens[0] !== '|' && tokens[0] !== ')')
      operands.push(readOperand(tokens, functions, text))
    if (operands.length === 0) throw bad(`something is missing in {{ ${text} }}`)
    if (operands.length > 1 && operands[0]!.kind !== 'function')
      throw bad(`{{ ${text} }} gives arguments to what is no function`)
    commands.push(operands)
    if (tokens[0] !== '|') return commands
    tokens.shift()
  }
}

function readOperand(tokens: string[], functions: ReadonlySet<string>, text: string): Operand {
  const token = tokens.shift()!
  if (token === '(') {
    const pipeline = readPipeline(tokens, functions, text)
    if (tokens.shift() !== ')') throw bad(`"(" without ")" in {{ ${text} }}`)
    return { kind: 'group', pipeline }
  }
  if (token.startsWith('`')) return { kind: 'literal', value: token.slice(1, -1) }
  if (token.startsWith('"')) return { kind: 'literal', value: JSON.parse(token) as string }
  if (/^-?\d/.test(token)) return { kind: 'literal', value: Number(token) }
  if (token === 'true' || token === 'false') return { kind: 'literal', value: token === 'true' }
  if (/^[$.]/.test(token)) return readPath(token, text)
  if (functions.has(token)) return { kind: 'function', name: token }
  if (NOT_BUILT.has(token)) throw bad(`{{ ${token} }} is not supported in templates`)
  throw bad(`no function ${JSON.stringify(token)} in {{ ${text} }}; there are ${[...functions].toSorted().join(', ')}`)
}

function readPath(token: string, text: string): Operand {
  const [head = '', ...rest] = token.slice(1).split('.')
  const root = ROOTS[token[0]! + head]
  if (root === undefined)
    throw bad(`${token[0]}${head} is not known in {{ ${text} }}; there are ${Object.keys(ROOTS).join(', ')}`)
  return { kind: 'path', root, fields: rest }
}
