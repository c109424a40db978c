import type { Matcher } from '#core/ports/series-reader.ts'
import type { Labels } from '#core/series.ts'

import { quoted } from './selector.ts'

/** Matchers that find at most `most` of the series each, and all of them together. One that no label divides stays whole. */
export function splitSeries(
  matchers: readonly Matcher[],
  series: readonly Labels[],
  most: number,
): { readonly matchers: readonly Matcher[]; readonly series: number }[] {
  if (series.length <= most) return [{ matchers, series: series.length }]
  const label = widestLabel(series)
  if (label === undefined) return [{ matchers, series: series.length }]
  const byValue = Map.groupBy(series, (labels) => labels.get(label))
  const groups: { values: string[]; series: Labels[] }[] = []
  for (const [value, own] of byValue) {
    const last = groups.at(-1)
    if (last !== undefined && last.series.length + own.length <= most) {
      last.values.push(value)
      last.series.push(...own)
    } else groups.push({ values: [value], series: [...own] })
  }
  return groups.flatMap((group) => {
    const value = group.values.map(quoted).join('|')
    return splitSeries([...matchers, { name: label, op: '=~', value }], group.series, most)
  })
}

/** The label with the most values; undefined where none has two. */
function widestLabel(series: readonly Labels[]): string | undefined {
  const values = new Map<string, Set<string>>()
  for (const labels of series) {
    for (const [name, value] of labels) {
      const known = values.get(name)
      if (known === undefined) values.set(name, new Set([value]))
      else known.add(value)
    }
  }
  let [widest, most] = ['', 1]
  for (const [name, { size }] of values) {
    const absent = series.some((labels) => !labels.has(name)) ? 1 : 0
    if (size + absent > most) [widest, most] = [name, size + absent]
  }
  return most > 1 ? widest : undefined
}
