/** What a template of Go's `text/template` is made of. `at`: where in the source, for messages. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'if'; readonly pipeline: Pipeline; readonly body: Body; readonly otherwise: Body }
  | { readonly kind: 'with'; readonly pipeline: Pipeline; readonly body: Body; readonly otherwise: Body }
  | { readonly kind: 'range'; readonly pipeline: Pipeline; readonly body: Body; readonly otherwise: Body }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly kind: 'break' | 'continue' }

export type Body = readonly Node[]

/** `$i, $e := a | f x | g`: the value of each command is the last argument of the next. */
export interface Pipeline {
  readonly variables: readonly string[]
  /** `=` to variables that are there, not `:=`. */
  readonly assigns: boolean
  readonly commands: readonly Command[]
  readonly source: string
}

/** A function or method with its arguments, or one operand. */
export type Command = readonly Operand[]

export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | bigint | boolean }
  | { readonly kind: 'nil' }
  | { readonly kind: 'dot' }
  | { readonly kind: 'function'; readonly name: string }
  /** `.A.B`. */
  | { readonly kind: 'field'; readonly fields: readonly string[] }
  /** `$labels.job`: a variable and the fields behind it. */
  | { readonly kind: 'variable'; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: 'group'; readonly pipeline: Pipeline }
  /** `(first $x).Value`. */
  | { readonly kind: 'chain'; readonly of: Operand; readonly fields: readonly string[] }
