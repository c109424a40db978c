import { greater, lesser } from './bounds.ts'
import type { FunctionCall, PromqlFunction } from './function.ts'
import { scalarArg } from './function.ts'

/** The query itself, in seconds; the least and greatest of two scalars. */
export const queryMoments: readonly PromqlFunction[] = [
  moment('end', ({ query }) => query.to_ms),
  { name: 'max_of', args: ['scalar', 'scalar'], returns: 'scalar', call: (call) => between(call, greater) },
  { name: 'min_of', args: ['scalar', 'scalar'], returns: 'scalar', call: (call) => between(call, lesser) },
  moment('range', ({ query }) => query.to_ms - query.from_ms),
  moment('start', ({ query }) => query.from_ms),
  // A query of one moment has none, whatever was asked for.
  moment('step', ({ query }) => (query.from_ms === query.to_ms ? 0 : query.step_ms)),
]

function moment(name: string, of: (call: FunctionCall) => number): PromqlFunction {
  return {
    name,
    args: [],
    returns: 'scalar',
    call: (call) => ({ kind: 'scalar', value: new Float64Array(call.grid.count).fill(of(call) / 1000) }),
  }
}

function between(call: FunctionCall, of: (a: number, b: number) => number): ReturnType<PromqlFunction['call']> {
  const other = scalarArg(call, 1)
  return { kind: 'scalar', value: scalarArg(call, 0).map((one, i) => of(one, other[i]!)) }
}
