import { MemoryReader } from '../script/memory-reader.ts'
import { readSeries } from '../script/notation.ts'

export const MINUTE = 60_000

/** Series as promtool's tests write them, a sample a minute from 0 on. */
export function minutes(...lines: readonly string[]): MemoryReader {
  const memory = new MemoryReader()
  for (const line of lines) {
    const { labels, points } = readSeries(line)
    memory.add(
      labels,
      points.map((point, i) => ({ time_ms: i * MINUTE, point })),
    )
  }
  return memory
}
