import type { Naming } from '../naming/names.ts'

export type Pairs = readonly (readonly [string, string])[]

/**
 * Fit to be a label: well-formed, and without the two control characters that separate names and values where label
 * sets are compared.
 */
export function labelValue(value: string): string {
  // oxlint-disable-next-line no-control-regex
  return value.toWellFormed().replaceAll(/[\u0000\u0001]/g, '\uFFFD')
}

/**
 * Attributes (in order of their keys) as labels; values of keys that become one label are joined with `;`. Undefined where a
 * key has no form as a label.
 */
export function labelsOf(attributes: Pairs, naming: Naming): Map<string, string> | undefined {
  const labels = new Map<string, string>()
  for (const [key, value] of attributes) {
    const name = labelValue(naming.label(key))
    if (name === '') return undefined
    const before = labels.get(name)
    labels.set(name, before === undefined || before === '' ? labelValue(value) : `${before};${labelValue(value)}`)
  }
  return labels
}
