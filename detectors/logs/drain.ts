import { fnv1a64 } from '#core/hash.ts'

import { tokensOf } from './masks.ts'

const SIMILARITY = 0.6
/** A wildcard of the template agrees with anything, but says less than an equal word. */
const WILDCARD_WEIGHT = 0.5
const WILDCARD = '<*>'
/** Levels of the tree keyed by first tokens, below that of the token count. */
const PREFIX = 2
const CHILDREN_MAX = 100

export interface Template {
  /** Of the tokens that it began with: it stays when the template grows more general. */
  readonly id: string
  readonly tokens: string[]
  /** The tokens as people read them. */
  text: string
}

/** What stands for every line that came when the table was full. */
export const OTHER: Template = { id: 'other', tokens: [WILDCARD], text: WILDCARD }

const isWild = (token: string): boolean => token.startsWith('<') && token.endsWith('>')

/**
 * Groups lines into templates: Drain (He et al. 2017), a tree by token count and first tokens, with values masked first and wildcards
 * weighted. Deterministic; the number of templates is bounded.
 */
export class Drain {
  readonly #limit: number
  readonly #hasRoom: () => boolean
  readonly #leaves = new Map<string, Template[]>()
  readonly #children = new Map<string, Set<string>>()
  readonly #templates: Template[] = []
  readonly #first = new Map<string, readonly string[]>()

  /** `hasRoom`: for one more beside those of other tables. */
  constructor(limit: number, hasRoom: () => boolean = () => true) {
    this.#limit = limit
    this.#hasRoom = hasRoom
  }

  get #isFull(): boolean {
    return this.#templates.length >= this.#limit || !this.#hasRoom()
  }

  get templates(): readonly Template[] {
    return this.#templates
  }

  /** The template of a line, and whether the line is the first of it. */
  add(line: string): { readonly template: Template; readonly isNew: boolean } {
    const tokens = tokensOf(line)
    const path = this.#path(tokens)
    const known = bestOf(this.#leaves.get(path) ?? [], tokens)
    if (known !== undefined) {
      generalise(known, tokens)
      return { template: known, isNew: false }
    }
    if (this.#isFull) return { template: OTHER, isNew: false }
    return { template: this.#keep(path, { id: fnv1a64(tokens), tokens, text: tokens.join(' ') }), isNew: true }
  }

  save(): { id: string; tokens: readonly string[]; first: readonly string[] }[] {
    // The leaf is found by the tokens that the template began with, so they are kept beside it.
    return this.#templates.map(({ id, tokens }) => ({ id, tokens, first: this.#first.get(id)! }))
  }

  load(saved: ReturnType<Drain['save']>): void {
    for (const { id, tokens, first } of saved) {
      this.#first.set(id, first)
      this.#keep(this.#path(first), { id, tokens: [...tokens], text: tokens.join(' ') })
    }
  }

  #keep(path: string, template: Template): Template {
    if (!this.#first.has(template.id)) this.#first.set(template.id, [...template.tokens])
    const leaf = this.#leaves.get(path) ?? []
    this.#leaves.set(path, leaf)
    leaf.push(template)
    this.#templates.push(template)
    return template
  }

  #path(tokens: readonly string[]): string {
    let path = String(tokens.length)
    for (const token of tokens.slice(0, PREFIX)) path = `${path}\u0000${this.#step(path, token)}`
    return path
  }

  #step(path: string, token: string): string {
    if (isWild(token)) return WILDCARD
    const children = this.#children.get(path)
    if (children?.has(token) === true) return token
    // A full table learns no words either.
    if ((children?.size ?? 0) >= CHILDREN_MAX || this.#isFull) return WILDCARD
    if (children === undefined) this.#children.set(path, new Set([token]))
    else children.add(token)
    return token
  }
}

/** What is not the same in a line is a wildcard from now on. */
function generalise(template: Template, tokens: readonly string[]): void {
  let grown = false
  for (let i = 0; i < tokens.length; i++) {
    if (template.tokens[i] === tokens[i] || template.tokens[i] === WILDCARD) continue
    template.tokens[i] = WILDCARD
    grown = true
  }
  if (grown) template.text = template.tokens.join(' ')
}

/** The most similar template of a leaf that is similar enough; of equals the first. */
function bestOf(leaf: readonly Template[], tokens: readonly string[]): Template | undefined {
  let best: Template | undefined
  let most = SIMILARITY
  for (const template of leaf) {
    let same = 0
    for (let i = 0; i < tokens.length; i++) {
      if (template.tokens[i] === tokens[i]) same++
      else if (template.tokens[i] === WILDCARD) same += WILDCARD_WEIGHT
    }
    const similarity = same / tokens.length
    if (similarity > most || (similarity === most && best === undefined)) [most, best] = [similarity, template]
  }
  return best
}
