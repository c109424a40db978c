import { messageOf } from '#core/errors.ts'
import type { Labels } from '#core/series.ts'

import { call, FUNCTIONS, isTrue, text, type Value } from './template-functions.ts'
import { type Command, type Node, type Operand, parseTemplate, type Pipeline } from './template-parse.ts'

/** What a template is expanded with. */
export interface Facts {
  readonly labels: Labels
  readonly value: number
  /** Only of anomaly rules. */
  readonly expected?: number
}

const NAMES = new Set(Object.keys(FUNCTIONS))

/** A label's or annotation's text, parsed once. */
export class Template {
  readonly source: string
  readonly #nodes: readonly Node[]

  /** Throws `ServiceError('bad_config')` that says what is wrong with the text. */
  constructor(source: string) {
    this.source = source
    this.#nodes = parseTemplate(source, NAMES)
  }

  /** Never throws: a failure stands in the text, as in Prometheus. */
  expand(facts: Facts): string {
    try {
      return run(this.#nodes, facts)
    } catch (error) {
      return `<error expanding template: ${messageOf(error)}>`
    }
  }
}

function run(nodes: readonly Node[], facts: Facts): string {
  let out = ''
  for (const node of nodes) {
    if (node.kind === 'text') out += node.text
    else if (node.kind === 'output') out += text(evaluate(node.pipeline, facts))
    else
      out += run(
        node.branches.find(({ condition }) => isTrue(evaluate(condition, facts)))?.body ?? node.otherwise,
        facts,
      )
  }
  return out
}

function evaluate(pipeline: Pipeline, facts: Facts): Value | undefined {
  return pipeline.reduce<Value | undefined>(
    (piped, command, i) => evaluateCommand(command, facts, i === 0 ? [] : [piped ?? '']),
    undefined,
  )
}

function evaluateCommand([head, ...rest]: Command, facts: Facts, piped: readonly Value[]): Value | undefined {
  if (head?.kind !== 'function') return operand(head!, facts)
  return call(head.name, [...rest.map((one) => operand(one, facts) ?? ''), ...piped])
}

function operand(one: Operand, facts: Facts): Value | undefined {
  if (one.kind === 'literal') return one.value
  if (one.kind === 'function') return call(one.name, [])
  if (one.kind === 'group') return evaluate(one.pipeline, facts)
  const [field] = one.fields
  if (one.root === 'value') return facts.value
  if (one.root === 'expected') return facts.expected ?? Number.NaN
  if (one.root !== 'labels') return field === undefined && one.root === 'externalLabels' ? {} : ''
  return field === undefined ? facts.labels.toJSON() : facts.labels.get(field)
}
