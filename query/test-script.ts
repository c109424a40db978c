import { ServiceError } from '#core/errors.ts'
import type { QueryEngine, QueryResult } from '#core/ports/query-engine.ts'
import { METRIC_NAME } from '#core/series.ts'

import { createQueryEngine } from './engine.ts'
import { type EvalCommand, type LoadCommand, readScript } from './script/commands.ts'
import { middleOf, wrongNotes, wrongResult } from './script/compare.ts'
import { MemoryReader } from './script/memory-reader.ts'

/** What became of one `eval`. `beyond`: it is about native histograms, which the store does not hold. */
export interface EvalOutcome {
  readonly line: number
  readonly expr: string
  readonly status: 'passed' | 'failed' | 'beyond'
  /** What was wrong; '' when nothing was. */
  readonly reason: string
}

/** Runs a script of Prometheus' PromQL test language (`load`, `clear`, `eval`, `expect`) against our engine. */
export async function runScript(text: string): Promise<EvalOutcome[]> {
  const outcomes: EvalOutcome[] = []
  let reader = new MemoryReader()
  for (const command of readScript(text)) {
    if (command.kind === 'clear') reader = new MemoryReader()
    else if (command.kind === 'load') load(reader, command)
    else outcomes.push(await evaluate(reader, command))
  }
  return outcomes
}

function load(reader: MemoryReader, { interval_ms, native, series }: LoadCommand): void {
  // Inside one load the last line of a label set counts.
  const last = new Map(series.map((one) => [one.labels.key, one]))
  for (const { labels, points } of last.values()) {
    const timed = points.map((point, i) => ({ time_ms: i * interval_ms, point }))
    reader.add(labels, timed)
    if (native && labels.name.endsWith('_bucket')) {
      const plain = labels.drop('le').with(METRIC_NAME, labels.name.slice(0, -'_bucket'.length))
      reader.add(plain, [{ time_ms: 0, point: 'histogram' }])
    }
  }
}

async function evaluate(reader: MemoryReader, command: EvalCommand): Promise<EvalOutcome> {
  const { line, expr } = command
  const engine = createQueryEngine({ readers: [reader] })
  reader.metHistogram = false
  const reason = (await wrong(engine, command)) ?? ''
  const native = command.series.some(({ points }) => points.includes('histogram'))
  const status = reader.metHistogram || native ? 'beyond' : reason === '' ? 'passed' : 'failed'
  return { line, expr, status, reason }
}

async function wrong(engine: QueryEngine, command: EvalCommand): Promise<string | undefined> {
  const failures = command.expectations.filter(({ what }) => what === 'fail')
  let result: QueryResult
  try {
    result = await ask(engine, command)
  } catch (error) {
    if (!(error instanceof ServiceError)) return `BUG: ${String(error)}`
    if (failures.length === 0) return error.message
    const fits = failures.every(({ message }) => message?.(error.message) ?? true)
    return fits ? undefined : `failed otherwise: ${error.message}`
  }
  if (failures.length > 0) return 'did not fail'
  return wrongResult(command, result) ?? wrongNotes(command, result) ?? (await wrongAsRange(engine, command, result))
}

async function ask(engine: QueryEngine, { expr, from_ms, to_ms, step_ms }: EvalCommand): Promise<QueryResult> {
  return step_ms === 0 ? engine.instant(expr, from_ms) : engine.range(expr, { from_ms, to_ms, step_ms })
}

/** As upstream's runner does, an instant eval is asked again as the middle of a range of three minutes. */
async function wrongAsRange(
  engine: QueryEngine,
  command: EvalCommand,
  result: QueryResult,
): Promise<string | undefined> {
  if (command.step_ms !== 0 || result.type !== 'vector') return undefined
  const { from_ms, expr } = command
  const range = await engine.range(expr, { from_ms: from_ms - 60_000, to_ms: from_ms + 60_000, step_ms: 60_000 })
  const unordered = { ...command, expectations: command.expectations.filter(({ what }) => what !== 'ordered') }
  const reason = wrongResult(unordered, middleOf(range, from_ms))
  return reason === undefined ? undefined : `as a range: ${reason}`
}
