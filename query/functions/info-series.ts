import { ServiceError } from '#core/errors.ts'
import type { Labels } from '#core/series.ts'

import { printLabels } from '../evaluate/label-order.ts'
import type { Column } from '../evaluate/values.ts'

const IDENTIFYING = ['instance', 'job'] as const
const IDENTITY = new Set<string>(IDENTIFYING)

/** The series of one info metric with one identity, of which at each step the one with the newest sample counts. */
export interface InfoSeries {
  readonly labels: readonly Labels[]
  /** By step an index into `labels`; -1: none. */
  readonly newest: Int32Array
}

/**
 * Finds the info series of a series by its identifying labels; `times` has the times of their samples. Two of one metric whose newest
 * samples are of the same time are an `execution` error at steps at which there is anything to join.
 */
export function infoSeriesOf(times: readonly Column[], bases: readonly Column[]): (base: Labels) => InfoSeries[] {
  const groups = new Map<string, Map<string, Column[]>>()
  const fits = identified(bases)
  for (const column of times) {
    if (!fits(column.labels)) continue
    const { key } = column.labels.keep(IDENTITY)
    let metrics = groups.get(key)
    if (metrics === undefined) groups.set(key, (metrics = new Map()))
    const same = metrics.get(column.labels.name)
    if (same === undefined) metrics.set(column.labels.name, [column])
    else same.push(column)
  }
  const active = presence(bases)
  const infos = new Map(
    Array.from(
      groups,
      ([key, metrics]) => [key, Array.from(metrics.values(), (same) => newestOf(same, active))] as const,
    ),
  )
  return (base) => infos.get(base.keep(IDENTITY).key) ?? []
}

/** Info series are looked for by the values that the series have: by each of these labels that any of them has. */
function identified(bases: readonly Column[]): (info: Labels) => boolean {
  const known = IDENTIFYING.map((name) => [name, new Set(bases.map(({ labels }) => labels.get(name)))] as const)
  for (const [, values] of known) values.delete('')
  const asked = known.filter(([, values]) => values.size > 0)
  return (info) => asked.length > 0 && asked.every(([name, values]) => values.has(info.get(name)))
}

function presence(bases: readonly Column[]): Uint8Array {
  const mask = new Uint8Array(bases[0]?.has.length ?? 0)
  for (const { has } of bases) for (let i = 0; i < mask.length; i++) mask[i]! |= has[i]!
  return mask
}

function newestOf(columns: readonly Column[], active: Uint8Array): InfoSeries {
  const newest = new Int32Array(active.length).fill(-1)
  for (const [at, { has, value }] of columns.entries()) {
    for (let i = 0; i < newest.length; i++) {
      if (has[i] === 0 || active[i] === 0) continue
      const other = columns[newest[i]!]
      if (other === undefined || value[i]! > other.value[i]!) newest[i] = at
      else if (value[i] === other.value[i]) {
        const [first, second] = [other, columns[at]!].map(
          ({ labels }) => `${printLabels(labels)} @ ${value[i]! * 1000}`,
        )
        const message = `found duplicate series for info metric: existing ${first}, new ${second}`
        throw new ServiceError('execution', message)
      }
    }
  }
  return { labels: columns.map(({ labels }) => labels), newest }
}
