import { numberOf } from '../language/literals.ts'
import { added, subtracted } from '../native/arithmetic.ts'
import type { Histogram } from '../native/histogram.ts'
import { type HistogramLiteral, readHistogram } from './histogram-notation.ts'

/** A point of the series notation: a value, nothing, a stale marker, or a native histogram. */
export type Point = number | 'none' | 'stale' | HistogramLiteral

const HISTOGRAM = /^(\{\{[^}]*\}\})(?:([+-])(\{\{[^}]*\}\}))?(?:x(\d+))?$/
const NUMBER = String.raw`(?:0x[\da-f]+|[\d.]+(?:e[+-]?\d+)?|inf|nan)`
const SERIES = new RegExp(`^([+-]?${NUMBER})(?:([+-])(${NUMBER}))?x(\\d+)$`, 'i')

export function readPoints(text: string): Point[] {
  const points: Point[] = []
  // Blanks inside a histogram are not between points.
  for (const item of text.match(/(?:\{\{[^}]*\}\}|\S)+/g) ?? []) points.push(...readItem(item))
  return points
}

function readItem(item: string): Point[] {
  const none = /^_(?:x(\d+))?$/.exec(item)
  if (none !== null) return Array.from({ length: Number(none[1] ?? 1) }, () => 'none')
  if (item === 'stale') return ['stale']
  const histogram = HISTOGRAM.exec(item)
  if (histogram !== null) return histogramsOf(histogram)
  const series = SERIES.exec(item)
  if (series !== null) {
    const [, first, sign, step, count] = series
    const by = step === undefined ? 0 : valueOf(step) * (sign === '-' ? -1 : 1)
    return addUp(valueOf(first!), by, Number(count) + 1)
  }
  return [valueOf(item)]
}

function histogramsOf([, first, sign, step, count]: RegExpExecArray): Point[] {
  const literal = readHistogram(first!)
  if (step === undefined) return Array.from({ length: Number(count ?? 0) + 1 }, () => literal)
  const by = readHistogram(step)
  const combine = sign === '-' ? subtracted : added
  let { histogram } = literal
  return Array.from({ length: Number(count ?? 0) + 1 }, (_, i): Point => {
    if (i > 0) histogram = grown(combine(histogram, by.histogram)?.value, histogram)
    return { histogram, hinted: literal.hinted }
  })
}

function grown(next: Histogram | undefined, before: Histogram): Histogram {
  if (next === undefined) throw new Error('histograms of different kinds do not add up')
  return { ...next, hint: before.hint }
}

/** Summed up as the reference does, rounding errors included. */
function addUp(first: number, by: number, count: number): number[] {
  let value = first
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) value += by
    return value
  })
}

function valueOf(text: string): number {
  const value = numberOf(text)
  if (value === undefined) throw new Error(`not a value: ${text}`)
  return value
}
