import { ServiceError } from '#core/errors.ts'
import type { QueryEngine, QueryResult } from '#core/ports/query-engine.ts'

import { createQueryEngine } from './engine.ts'
import { nativeOfClassic } from './script/classic-to-native.ts'
import { type EvalCommand, type LoadCommand, readScript } from './script/commands.ts'
import { middleOf, wrongNotes, wrongResult } from './script/compare.ts'
import { fixedAt } from './script/fixed.ts'
import { MemoryReader } from './script/memory-reader.ts'

/** What became of one `eval`. */
export interface EvalOutcome {
  readonly line: number
  readonly expr: string
  readonly status: 'passed' | 'failed'
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
  const loaded = [...last.values()]
  for (const { labels, points } of [...loaded, ...(native ? nativeOfClassic(loaded) : [])]) {
    reader.add(
      labels,
      points.map((point, i) => ({ time_ms: i * interval_ms, point })),
    )
  }
}

async function evaluate(reader: MemoryReader, command: EvalCommand): Promise<EvalOutcome> {
  const { line, expr } = command
  const engine = createQueryEngine({ readers: [reader] })
  const reason = (await wrong(engine, command)) ?? ''
  return { line, expr, status: reason === '' ? 'passed' : 'failed', reason }
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
  return wrongResult(command, result) ?? wrongNotes(command, result) ?? (await wrongAgain(engine, command, result))
}

async function ask(engine: QueryEngine, { expr, from_ms, to_ms, step_ms }: EvalCommand): Promise<QueryResult> {
  return step_ms === 0 ? engine.instant(expr, from_ms) : engine.range(expr, { from_ms, to_ms, step_ms })
}

/**
 * As upstream's runner does, an instant eval is asked again: as the middle of a range of three minutes, and at other times with its own
 * fixed by `@` in every selector.
 */
async function wrongAgain(engine: QueryEngine, command: EvalCommand, result: QueryResult): Promise<string | undefined> {
  if (command.step_ms !== 0 || result.type === 'string') return undefined
  return (await wrongFixed(engine, command)) ?? (await wrongAsRange(engine, command, result))
}

async function wrongAsRange(
  engine: QueryEngine,
  command: EvalCommand,
  result: QueryResult,
): Promise<string | undefined> {
  if (result.type !== 'vector') return undefined
  const { from_ms, expr } = command
  const range = await engine.range(expr, { from_ms: from_ms - 60_000, to_ms: from_ms + 60_000, step_ms: 60_000 })
  const unordered = { ...command, expectations: command.expectations.filter(({ what }) => what !== 'ordered') }
  const reason = wrongResult(unordered, middleOf(range, from_ms))
  return reason === undefined ? undefined : `as a range: ${reason}`
}

async function wrongFixed(engine: QueryEngine, command: EvalCommand): Promise<string | undefined> {
  const fixed = fixedAt(command.expr, command.from_ms)
  if (fixed === undefined) return undefined
  for (const moved_ms of [-3_600_000, 3_600_000]) {
    const from_ms = command.from_ms + moved_ms
    const reason = wrongResult({ ...command, from_ms }, await engine.instant(fixed, from_ms))
    if (reason !== undefined) return `as ${fixed}: ${reason}`
  }
  return undefined
}
