import { fnv1a64 } from '#core/hash.ts'

import { tokensOf } from './masks.ts'

const SIMILARITY = 0.6
/** A wildcard of the template agrees with anything, but says less than an equal word. */
const WILDCARD_WEIGHT = 0.5
const WILDCARD = '<*>'
/** Levels of the tree keyed by first tokens, below that of the token count. */
const PREFIX = 2
const CHILDREN_MAX = 100
/** What stood for no line for so long gives way where there is no room. */
const IDLE_MS = 3_600_000
/** A share of the limit at once. */
const AT_ONCE = 1 / 16

export interface Template {
  /** Of the tokens that it began with: it stays when the template grows more general. */
  readonly id: string
  readonly tokens: string[]
  /** The tokens as people read them. */
  text: string
  /** Lines that it stood for. */
  seen: number
  /** Of the newest of them. */
  touched_ms: number
}

/** Of a checkpoint; the last two are not in state of before. */
interface SavedTemplate {
  readonly id: string
  readonly tokens: readonly string[]
  readonly first: readonly string[]
  readonly seen?: number
  readonly touched_ms?: number
}

/** What stands for every line that came when the table was full. */
export const OTHER: Template = { id: 'other', tokens: [WILDCARD], text: WILDCARD, seen: 0, touched_ms: 0 }

const NONE: ReadonlySet<string> = new Set()

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

  /** The template of a line, and whether the line is the first of it. `time_ms` is analysis time. */
  add(line: string, time_ms: number): { readonly template: Template; readonly isNew: boolean } {
    const tokens = tokensOf(line)
    const path = this.#path(tokens, !this.#isFull)
    const known = bestOf(this.#leaves.get(path) ?? [], tokens)
    if (known !== undefined) {
      generalise(known, tokens)
      known.seen++
      known.touched_ms = time_ms
      return { template: known, isNew: false }
    }
    if (this.#isFull) return { template: OTHER, isNew: false }
    const made = { id: fnv1a64(tokens), tokens, text: tokens.join(' '), seen: 1, touched_ms: time_ms }
    return { template: this.#keep(path, made), isNew: true }
  }

  /**
   * Where there is no room, those that stood for no line for an hour give way: those of fewest lines first, or one message that is written
   * in ever new words would hide all that are new. Ids of those that went.
   */
  makeRoom(now_ms: number): ReadonlySet<string> {
    if (!this.#isFull) return NONE
    const gone = this.#templates
      .filter(({ touched_ms }) => now_ms - touched_ms >= IDLE_MS)
      .toSorted((a, b) => a.seen - b.seen || a.touched_ms - b.touched_ms)
      .slice(0, Math.ceil(this.#limit * AT_ONCE))
    if (gone.length === 0) return NONE
    const ids = new Set(gone.map(({ id }) => id))
    // The tree is that of a table that never knew them, as it is after a restart.
    this.load(
      this.save().filter(({ id }) => !ids.has(id)),
      now_ms,
    )
    return ids
  }

  setBack(time_ms: number): void {
    for (const template of this.#templates) template.touched_ms = Math.min(template.touched_ms, time_ms)
  }

  save(): SavedTemplate[] {
    // The leaf is found by the tokens that the template began with, so they are kept beside it.
    return this.#templates.map(({ id, tokens, seen, touched_ms }) => {
      return { id, tokens, first: this.#first.get(id)!, seen, touched_ms }
    })
  }

  /** `touched_ms`: of templates that do not say. */
  load(saved: readonly SavedTemplate[], touched_ms: number): void {
    for (const all of [this.#leaves, this.#children, this.#first]) all.clear()
    this.#templates.length = 0
    for (const { id, tokens, first, ...use } of saved) {
      this.#first.set(id, first)
      const template = { id, tokens: [...tokens], text: tokens.join(' '), seen: 1, touched_ms, ...use }
      this.#keep(this.#path(first, true), template)
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

  /** `learning`: a full table learns no words either. */
  #path(tokens: readonly string[], learning: boolean): string {
    let path = String(tokens.length)
    for (const token of tokens.slice(0, PREFIX)) path = `${path}\u0000${this.#step(path, token, learning)}`
    return path
  }

  #step(path: string, token: string, learning: boolean): string {
    if (isWild(token)) return WILDCARD
    const children = this.#children.get(path)
    if (children?.has(token) === true) return token
    if ((children?.size ?? 0) >= CHILDREN_MAX || !learning) return WILDCARD
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
