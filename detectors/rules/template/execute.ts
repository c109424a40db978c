import { messageOf, ServiceError } from '#core/errors.ts'

import { checkArguments } from './builtins.ts'
import { FUNCTIONS, type World } from './functions.ts'
import type { Body, Command, Node, Operand, Pipeline } from './nodes.ts'
import { Dict, failed, isTrue, Struct, text, typeOf, type Value } from './values.ts'

const DEPTH_MAX = 100
const SIZE_MAX = 2 ** 20
const STEPS_MAX = 1_000_000

type Flow = 'break' | 'continue' | undefined

/** An expression's result has to be fetched first. */
export class NotAsked extends Error {
  readonly expr: string

  constructor(expr: string) {
    super(`not asked yet: ${expr}`)
    this.expr = expr
  }
}

/** One expansion of a template. Bounded: a template cannot run for long nor write without end. */
export class Execution {
  readonly #definitions: ReadonlyMap<string, Body>
  readonly #world: World
  #variables: { name: string; value: Value }[] = []
  #out = ''
  #depth = 0
  #steps = 0

  constructor(definitions: ReadonlyMap<string, Body>, world: World) {
    this.#definitions = definitions
    this.#world = world
  }

  /** Throws `ServiceError('execution')`, and `NotAsked`. */
  run(body: Body, dot: Value, variables: readonly (readonly [string, Value])[]): string {
    this.#variables = [['$', dot] as const, ...variables].map(([name, value]) => ({ name, value }))
    this.#body(body, dot)
    return this.#out
  }

  #body(body: Body, dot: Value): Flow {
    const known = this.#variables.length
    let flow: Flow
    for (const node of body) {
      if (++this.#steps > STEPS_MAX) throw failed(`more than ${STEPS_MAX} steps`)
      flow = this.#node(node, dot)
      if (flow !== undefined) break
    }
    this.#variables.length = known
    return flow
  }

  #node(node: Node, dot: Value): Flow {
    if (node.kind === 'break' || node.kind === 'continue') return node.kind
    switch (node.kind) {
      case 'text':
        this.#write(node.text)
        break
      case 'output': {
        const value = this.#pipeline(node.pipeline, dot)
        if (node.pipeline.variables.length === 0) this.#write(text(value))
        break
      }
      case 'if':
      case 'with':
        return this.#choice(node, dot)
      case 'range':
        return this.#range(node, dot)
      case 'template':
        this.#template(node.name, node.pipeline === undefined ? null : this.#pipeline(node.pipeline, dot))
        break
    }
    return undefined
  }

  #write(piece: string): void {
    this.#out += piece
    if (this.#out.length > SIZE_MAX) throw failed(`a text of more than ${SIZE_MAX} characters`)
  }

  #choice({ kind, pipeline, body, otherwise }: Node & { kind: 'if' | 'with' }, dot: Value): Flow {
    const known = this.#variables.length
    const value = this.#pipeline(pipeline, dot)
    const flow = isTrue(value) ? this.#body(body, kind === 'with' ? value : dot) : this.#body(otherwise, dot)
    this.#variables.length = known
    return flow
  }

  #range({ pipeline, body, otherwise }: Node & { kind: 'range' }, dot: Value): Flow {
    const known = this.#variables.length
    const over = this.#pipeline({ ...pipeline, variables: [] }, dot)
    const items = itemsOf(over)
    let flow: Flow
    for (const [key, value] of items) {
      this.#variables.length = known
      const names = pipeline.variables
      if (names.length === 1) this.#set(names[0]!, value, pipeline.assigns)
      if (names.length === 2) {
        this.#set(names[0]!, key, pipeline.assigns)
        this.#set(names[1]!, value, pipeline.assigns)
      }
      if (this.#body(body, value) === 'break') break
    }
    this.#variables.length = known
    if (items.length === 0) flow = this.#body(otherwise, dot)
    return flow
  }

  #template(name: string, dot: Value): void {
    const body = this.#definitions.get(name)
    if (body === undefined) throw failed(`template ${JSON.stringify(name)} not defined`)
    if (++this.#depth > DEPTH_MAX) throw failed(`more than ${DEPTH_MAX} templates inside each other`)
    const known = this.#variables
    this.#variables = [{ name: '$', value: dot }]
    this.#body(body, dot)
    this.#variables = known
    this.#depth--
  }

  #set(name: string, value: Value, assigns: boolean): void {
    const known = assigns ? this.#variables.findLast((one) => one.name === name) : undefined
    if (known === undefined) this.#variables.push({ name, value })
    else known.value = value
  }

  #pipeline({ commands, variables, assigns }: Pipeline, dot: Value): Value {
    let value: Value | undefined
    for (const command of commands) value = this.#command(command, dot, value)
    for (const name of variables) this.#set(name, value!, assigns)
    return value!
  }

  /** `piped` is the value of the command before: the last argument. */
  #command([head, ...rest]: Command, dot: Value, piped: Value | undefined): Value {
    const more = piped === undefined ? [] : [piped]
    if (head!.kind === 'function') return this.#call(head!.name, rest, dot, more)
    if (head!.kind === 'field' || head!.kind === 'variable' || head!.kind === 'chain') {
      const args = (): Value[] => [...rest.map((one) => this.#operand(one, dot)), ...more]
      const given = rest.length + more.length
      return this.#path(head!, dot, given > 0 ? args : undefined)
    }
    if (rest.length + more.length > 0) throw failed("can't give argument to non-function")
    return this.#operand(head!, dot)
  }

  #call(name: string, rest: readonly Operand[], dot: Value, more: readonly Value[]): Value {
    const found = FUNCTIONS[name]!
    const args: Value[] = []
    for (const one of rest) {
      const value = this.#operand(one, dot)
      args.push(value)
      // The first that decides ends it: what comes after is not looked at.
      if ((name === 'and' && !isTrue(value)) || (name === 'or' && isTrue(value))) return value
    }
    args.push(...more)
    try {
      checkArguments(name, found, args)
      return found.call(args, this.#world)
    } catch (error) {
      if (error instanceof NotAsked) throw error
      throw error instanceof ServiceError && error.message.startsWith('error calling')
        ? error
        : failed(`error calling ${name}: ${messageOf(error)}`)
    }
  }

  #operand(one: Operand, dot: Value): Value {
    if (one.kind === 'literal') return one.value
    if (one.kind === 'nil') return null
    if (one.kind === 'dot') return dot
    if (one.kind === 'function') return this.#call(one.name, [], dot, [])
    return one.kind === 'group' ? this.#pipeline(one.pipeline, dot) : this.#path(one, dot, undefined)
  }

  #path(
    one: Operand & { kind: 'field' | 'variable' | 'chain' },
    dot: Value,
    args: (() => readonly Value[]) | undefined,
  ): Value {
    const from =
      one.kind === 'field' ? dot : one.kind === 'chain' ? this.#operand(one.of, dot) : this.#variable(one.name)
    if (one.fields.length === 0 && args !== undefined)
      throw failed(`can't give argument to non-function ${one.kind === 'variable' ? one.name : ''}`)
    return one.fields.reduce(
      (value, field, i) => fieldOf(value, field, i === one.fields.length - 1 ? args : undefined),
      from,
    )
  }

  #variable(name: string): Value {
    return this.#variables.findLast((one) => one.name === name)?.value ?? null
  }
}

function fieldOf(of: Value, name: string, args: (() => readonly Value[]) | undefined): Value {
  if (of instanceof Struct && Object.hasOwn(of.fields, name) && /^[A-Z]/.test(name)) {
    const field = of.fields[name]!
    if (typeof field === 'function') return field(...(args?.() ?? []))
    if (args === undefined) return field
  } else if (of instanceof Dict && args === undefined) return of.get(name)
  if (args !== undefined) throw failed(`${name} has arguments but cannot be invoked as function`)
  if (of === null) throw failed(`nil data; no entry for key ${JSON.stringify(name)}`)
  throw failed(`can't evaluate field ${name} in type ${typeOf(of)}`)
}

function itemsOf(over: Value): readonly (readonly [Value, Value])[] {
  if (over === null) return []
  if (over instanceof Dict) return [...over.entries]
  if (Array.isArray(over)) return (over as readonly Value[]).map((value, i) => [BigInt(i), value] as const)
  if (typeof over === 'bigint' && over <= BigInt(STEPS_MAX))
    return Array.from({ length: Number(over) }, (_, i) => [BigInt(i), BigInt(i)] as const)
  throw failed(`range can't iterate over ${text(over)}`)
}
