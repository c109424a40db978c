import type { Labels } from '#core/series.ts'

/**
 * Order of label sets: name by name, value by value, the shorter first. The canonical text has it: its separators are below every
 * character that a label may hold.
 */
export function compareLabels(a: Labels, b: Labels): number {
  return a.key === b.key ? 0 : a.key < b.key ? -1 : 1
}

const BARE = /^[a-zA-Z_]\w*$/

/** `{__name__="up", job="a", "a.b"="c"}`, as Prometheus' errors print a label set. */
export function printLabels(labels: Labels): string {
  return `{${[...labels].map(([name, value]) => `${BARE.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`).join(', ')}}`
}
