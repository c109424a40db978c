import { messageOf } from '#core/errors.ts'
import { Labels } from '#core/series.ts'

import type { Active } from '../alert-states.ts'
import { Execution, NotAsked } from './execute.ts'
import { FUNCTIONS } from './functions.ts'
import { type Parsed, parseTemplate } from './parse.ts'
import { Dict, Struct, type Value } from './values.ts'

/** What a template is expanded with. */
export interface Facts {
  readonly labels: Labels
  readonly value: number
  /** Only of anomaly rules. */
  readonly expected?: number
  /** Time of the evaluation. */
  readonly time_ms?: number
  /** Answers `query`; throws `NotAsked` where the answer is not there yet. Not given: nothing is there. */
  readonly query?: (expr: string) => readonly Active[]
}

/** What is the same for all templates of a process. */
export interface Outside {
  readonly external_labels: Labels
  readonly external_url: string
}

export const NOWHERE: Outside = { external_labels: Labels.empty, external_url: '' }

const NAMES = new Set(Object.keys(FUNCTIONS))
/** Of every template; `$expected` is ours. */
const VARIABLES = ['$labels', '$externalLabels', '$externalURL', '$value', '$expected']
const TYPE =
  'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }'

/** A label's or annotation's text, parsed once. */
export class Template {
  readonly source: string
  readonly #parsed: Parsed
  readonly #outside: Outside

  /** Throws `ServiceError('bad_config')` that says what is wrong with the text. */
  constructor(source: string, outside: Outside = NOWHERE) {
    this.source = source
    this.#parsed = parseTemplate(source, NAMES, VARIABLES)
    this.#outside = outside
  }

  /** Whether it may ask for other series. */
  get asks(): boolean {
    return this.#parsed.calls.has('query')
  }

  /** Throws `NotAsked` alone: any other failure stands in the text, as in Prometheus. */
  expand({ labels, value, expected, time_ms = 0, query = () => [] }: Facts): string {
    const { body, definitions } = this.#parsed
    const [only] = body
    if (body.length === 0) return ''
    if (body.length === 1 && only!.kind === 'text') return only!.text
    const { external_labels, external_url } = this.#outside
    const fields: Record<string, Value> = {
      Labels: new Dict(labels),
      ExternalLabels: new Dict(external_labels),
      ExternalURL: external_url,
      Value: value,
    }
    const known = [fields['Labels']!, fields['ExternalLabels']!, external_url, value, expected ?? NaN]
    const dot = new Struct(TYPE, expected === undefined ? fields : { ...fields, Expected: expected })
    try {
      const execution = new Execution(definitions, { external_url, time_ms, query })
      return execution.run(
        body,
        dot,
        VARIABLES.map((name, i) => [name, known[i]!]),
      )
    } catch (error) {
      if (error instanceof NotAsked) throw error
      return `<error expanding template: ${messageOf(error)}>`
    }
  }
}
