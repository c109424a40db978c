import { Labels, METRIC_NAME } from '#core/series.ts'

import { labelValue } from '../normal/labels.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as text that can be in a label; undefined where they are no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  let plain = true
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! > 127 || bytes[i]! < 2) plain = false
  }
  if (plain) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  try {
    return labelValue(utf8.decode(bytes))
  } catch {
    return undefined
  }
}

/** Name and value. */
export type LabelBytes = readonly [Uint8Array, Uint8Array]

/** A label set, or why Prometheus would not take it. */
export function labelsOfPairs(pairs: readonly LabelBytes[], ofSeries = true): Labels | string {
  const read = new Map<string, string>()
  for (const [nameBytes, valueBytes] of pairs) {
    const name = textOf(nameBytes)
    const value = textOf(valueBytes)
    if (name === undefined || value === undefined) return 'a label of a series is no UTF-8'
    if (name === '') return 'a label of a series has no name'
    if (read.has(name)) return `label ${JSON.stringify(name.slice(0, 80))} stands twice in a series`
    read.set(name, value)
  }
  if (ofSeries && !read.get(METRIC_NAME)) return 'a series has no metric name'
  return Labels.of(read)
}
