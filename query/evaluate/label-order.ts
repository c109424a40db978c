import type { Labels } from '#core/series.ts'

/** Order of label sets: name by name, value by value, the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  return a.compare(b)
}

interface Labelled {
  readonly labels: Labels
}

/** Whether each comes before the next: then all differ, too. */
export function isAscending(all: readonly Labelled[]): boolean {
  for (let i = 1; i < all.length; i++) if (all[i - 1]!.labels.compare(all[i]!.labels) >= 0) return false
  return true
}

const BARE = /^[a-zA-Z_]\w*$/

/** `{__name__="up", job="a", "a.b"="c"}`, as Prometheus' errors print a label set. */
export function printLabels(labels: Labels): string {
  return `{${[...labels].map(([name, value]) => `${BARE.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`).join(', ')}}`
}
