import { bad, type Piece, piecesOf, type Token, unquoted } from './lex.ts'
import type { Body, Command, Node, Operand, Pipeline } from './nodes.ts'

/** A template and those that it defines. */
export interface Parsed {
  readonly body: Body
  readonly definitions: ReadonlyMap<string, Body>
  /** Functions that it calls. */
  readonly calls: ReadonlySet<string>
}

const DEPTH_MAX = 100

/**
 * Reads a template of Go's `text/template`. `functions`: the names that exist; `variables`: those that are there before it begins. Throws
 * `ServiceError('bad_config')` that says what is wrong.
 */
export function parseTemplate(source: string, functions: ReadonlySet<string>, variables: readonly string[]): Parsed {
  return new Parser(piecesOf(source), functions, variables).whole()
}

/** How a list of nodes ended. */
interface Ending {
  readonly nodes: Body
  /** `end`, or `else` and what follows it; undefined at the end of the text. */
  readonly word: 'end' | 'else' | undefined
  readonly rest: Tokens | undefined
}

type Branch = 'if' | 'with' | 'range'

class Parser {
  readonly #pieces: readonly Piece[]
  readonly #functions: ReadonlySet<string>
  readonly #definitions = new Map<string, Body>()
  readonly #calls = new Set<string>()
  #variables: string[]
  #at = 0
  #loops = 0
  #depth = 0

  constructor(pieces: readonly Piece[], functions: ReadonlySet<string>, variables: readonly string[]) {
    this.#pieces = pieces
    this.#functions = functions
    this.#variables = ['$', ...variables]
  }

  whole(): Parsed {
    const { nodes, word } = this.#list(true)
    if (word !== undefined) throw bad(`{{ ${word} }} without {{ if }}, {{ range }} or {{ with }}`)
    return { body: nodes, definitions: this.#definitions, calls: this.#calls }
  }

  #list(top = false): Ending {
    const nodes: Node[] = []
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++]!
      if (piece.kind === 'text') {
        nodes.push(piece)
        continue
      }
      const tokens = new Tokens(piece.tokens, piece.source)
      const word = tokens.keyword()
      if (word === 'end' || word === 'else') {
        if (word === 'end') tokens.done()
        return { nodes, word, rest: tokens }
      }
      const node = word === 'define' && top ? this.#define(tokens) : this.#action(word, tokens)
      if (node !== undefined) nodes.push(node)
    }
    return { nodes, word: undefined, rest: undefined }
  }

  #action(word: string | undefined, tokens: Tokens): Node {
    switch (word) {
      case undefined:
        return { kind: 'output', pipeline: this.#pipelineTo(tokens) }
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(word, tokens)
      case 'template':
        return this.#template(tokens)
      case 'block':
        return this.#block(tokens)
      case 'break':
      case 'continue':
        tokens.done()
        if (this.#loops === 0) throw bad(`{{ ${word} }} outside of {{ range }}`)
        return { kind: word }
      default:
        throw bad(`{{ ${word} }} cannot stand here`)
    }
  }

  #branch(kind: Branch, tokens: Tokens): Node {
    if (++this.#depth > DEPTH_MAX) throw bad(`more than ${DEPTH_MAX} blocks inside each other`)
    const known = [...this.#variables]
    const pipeline = this.#pipelineTo(tokens, kind === 'range')
    this.#loops += Number(kind === 'range')
    const { nodes: body, word, rest } = this.#list()
    this.#loops -= Number(kind === 'range')
    const otherwise = this.#otherwise(kind, word, rest)
    this.#variables = known
    this.#depth--
    return { kind, pipeline, body, otherwise }
  }

  #otherwise(kind: Branch, word: Ending['word'], rest: Tokens | undefined): Body {
    if (word === undefined) throw bad(`{{ ${kind} }} without {{ end }}`)
    if (word === 'end') return []
    // `{{ else if }}` is an if inside the else that shares its end.
    const next = rest!.keyword()
    if (next === kind && kind !== 'range') return [this.#branch(kind, rest!)]
    if (next !== undefined) throw bad(`{{ else ${next} }} in {{ ${kind} }}`)
    rest!.done()
    const last = this.#list()
    if (last.word !== 'end') throw bad(`{{ else }} without {{ end }}`)
    return last.nodes
  }

  #define(tokens: Tokens): undefined {
    const name = tokens.name('define')
    tokens.done()
    this.#defined(name, 'define')
  }

  #template(tokens: Tokens): Node {
    const name = tokens.name('template')
    return { kind: 'template', name, pipeline: tokens.empty ? undefined : this.#pipelineTo(tokens) }
  }

  #block(tokens: Tokens): Node {
    const name = tokens.name('block')
    const pipeline = this.#pipelineTo(tokens)
    this.#defined(name, 'block')
    return { kind: 'template', name, pipeline }
  }

  /** A definition sees no variables but its own. */
  #defined(name: string, word: string): void {
    const [known, loops] = [this.#variables, this.#loops]
    this.#variables = ['$']
    this.#loops = 0
    const { nodes, word: end } = this.#list()
    if (end !== 'end') throw bad(`{{ ${word} }} without {{ end }}`)
    this.#variables = known
    this.#loops = loops
    this.#definitions.set(name, nodes)
  }

  #pipelineTo(tokens: Tokens, ranges = false): Pipeline {
    const pipeline = this.#pipeline(tokens, ranges)
    tokens.done()
    return pipeline
  }

  #pipeline(tokens: Tokens, ranges = false): Pipeline {
    const { variables, assigns } = this.#declared(tokens, ranges)
    const commands: Command[] = []
    do {
      const command = this.#command(tokens)
      const [head] = command
      if (commands.length > 0 && ['literal', 'nil', 'dot'].includes(head!.kind))
        throw bad(`stage ${commands.length + 1} of ${tokens.source} is no function`)
      commands.push(command)
    } while (tokens.take('|'))
    if (!assigns) this.#variables.push(...variables)
    return { variables, assigns, commands, source: tokens.source }
  }

  #declared(tokens: Tokens, ranges: boolean): Pick<Pipeline, 'variables' | 'assigns'> {
    const variables = tokens.declaration(ranges)
    if (variables.length === 0) return { variables, assigns: false }
    const assigns = tokens.take('=')
    if (!assigns) tokens.expect(':=')
    if (assigns) for (const name of variables) this.#known(name, tokens)
    return { variables, assigns }
  }

  #command(tokens: Tokens): Command {
    const operands: Operand[] = []
    while (!tokens.empty && !tokens.sees('|') && !tokens.sees(')')) operands.push(this.#operand(tokens))
    if (operands.length === 0) throw bad(`something is missing in ${tokens.source}`)
    return operands
  }

  #operand(tokens: Tokens): Operand {
    const term = this.#term(tokens)
    const fields: string[] = []
    while (tokens.seesField()) fields.push(tokens.next().text)
    if (fields.length === 0) return term
    if (term.kind === 'variable') return { ...term, fields }
    if (term.kind === 'field') return { ...term, fields: [...term.fields, ...fields] }
    if (term.kind === 'group' || term.kind === 'function') return { kind: 'chain', of: term, fields }
    throw bad(`a field of what has none in ${tokens.source}`)
  }

  #term(tokens: Tokens): Operand {
    const token = tokens.next()
    const { kind, text } = token
    if (kind === 'text') return { kind: 'literal', value: text }
    if (kind === 'number') return { kind: 'literal', value: numberOf(text) }
    if (kind === 'field') return { kind, fields: [text] }
    if (kind === 'word') return this.#word(text, tokens)
    if (kind === 'mark') return this.#mark(token, tokens)
    this.#known(text, tokens)
    return { kind, name: text, fields: [] }
  }

  #mark(token: Token, tokens: Tokens): Operand {
    if (token.text === '.') return { kind: 'dot' }
    if (token.text !== '(') throw bad(`unexpected ${JSON.stringify(token.text)} in ${tokens.source}`)
    if (++this.#depth > DEPTH_MAX) throw bad(`more than ${DEPTH_MAX} brackets inside each other`)
    const pipeline = this.#pipeline(tokens)
    this.#depth--
    if (!tokens.take(')')) throw bad(`"(" without ")" in ${tokens.source}`)
    return { kind: 'group', pipeline }
  }

  #word(word: string, tokens: Tokens): Operand {
    if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' }
    if (word === 'nil') return { kind: 'nil' }
    if (!this.#functions.has(word)) {
      throw bad(
        `no function ${JSON.stringify(word)} in ${tokens.source}; there are ${[...this.#functions].toSorted().join(', ')}`,
      )
    }
    this.#calls.add(word)
    return { kind: 'function', name: word }
  }

  #known(name: string, tokens: Tokens): void {
    if (this.#variables.includes(name)) return
    throw bad(`${name} is not known in ${tokens.source}; there are ${[...new Set(this.#variables)].join(', ')}`)
  }
}

/** Integers are Go's int, everything else is a float. */
function numberOf(text: string): number | bigint {
  if (text.startsWith("'")) return BigInt(unquoted(text).codePointAt(0) ?? 0)
  const plain = text.replaceAll('_', '')
  if (/^[+-]?(?:\d+|0[xX][0-9a-fA-F]+)$/.test(plain)) {
    const size = BigInt(plain.replace(/^[+-]/, ''))
    return plain.startsWith('-') ? -size : size
  }
  const value = Number(plain)
  if (Number.isNaN(value)) throw bad(`${text} is no number`)
  return value
}

const declares = (token: Token | undefined): boolean =>
  token?.kind === 'mark' && (token.text === ':=' || token.text === '=')

const KEYWORDS: ReadonlySet<string> = new Set([
  'if',
  'else',
  'end',
  'range',
  'with',
  'define',
  'template',
  'block',
  'break',
  'continue',
])

/** The tokens of one action, read from the left. */
class Tokens {
  readonly source: string
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = tokens
    this.source = source
  }

  get empty(): boolean {
    return this.#at >= this.#tokens.length
  }

  next(): Token {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw bad(`something is missing in ${this.source}`)
    return token
  }

  sees(mark: string): boolean {
    const token = this.#tokens[this.#at]
    return token?.kind === 'mark' && token.text === mark
  }

  seesField(): boolean {
    const token = this.#tokens[this.#at]
    return token?.kind === 'field' && !token.spaced
  }

  take(mark: string): boolean {
    const seen = this.sees(mark)
    if (seen) this.#at++
    return seen
  }

  expect(mark: string): void {
    if (!this.take(mark)) throw bad(`${JSON.stringify(mark)} is missing in ${this.source}`)
  }

  keyword(): string | undefined {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'word' || !KEYWORDS.has(token.text)) return undefined
    this.#at++
    return token.text
  }

  /** A name in quotes behind `word`. */
  name(word: string): string {
    const token = this.next()
    if (token.kind !== 'text') throw bad(`{{ ${word} }} wants a name in quotes`)
    return token.text
  }

  /** `$a` or, in a range, `$a, $b`, where `:=` or `=` follows. */
  declaration(ranges: boolean): string[] {
    const [a, mark, b, end] = this.#tokens.slice(this.#at, this.#at + 4)
    if (a?.kind !== 'variable') return []
    if (declares(mark)) {
      this.#at++
      return [a.text]
    }
    if (!ranges || mark?.text !== ',' || b?.kind !== 'variable' || !declares(end)) return []
    this.#at += 3
    return [a.text, b.text]
  }

  done(): void {
    if (!this.empty) throw bad(`unexpected ${JSON.stringify(this.next().text)} in ${this.source}`)
  }
}
