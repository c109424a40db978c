import type { Labels } from '#core/series.ts'

/** Order of label sets: name by name, value by value, the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftName, leftValue] = left[i]!
    const [rightName, rightValue] = right[i]!
    if (leftName !== rightName) return leftName < rightName ? -1 : 1
    if (leftValue !== rightValue) return leftValue < rightValue ? -1 : 1
  }
  return left.length - right.length
}

/** `{__name__="up", job="a"}`, as Prometheus' errors print a label set. */
export function printLabels(labels: Labels): string {
  return `{${[...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
}
