import { EMPTY, ENDED, PLAIN } from '../wire/points.ts'
import { ANY_START as ANY } from './catalogue.ts'
import { needsZero } from './deltas.ts'
import { Refused } from './refused.ts'
import { type Taking, taking } from './taking.ts'

// Bound here: the compiler takes a constant of the module for one, an imported one it looks up at each use.
const ANY_START = ANY

/**
 * The number points `[from, to)` to samples, in place: `code` becomes the series, `state` the stale flag, what is refused
 * closes up. They are written from `out` on; returns where they end.
 */
export function takeNumbers(request: Taking, from: number, to: number, out: number): number {
  const { code, time_ms, start_ms, value, state } = request.points.numbers
  const { catalogue } = request.identity
  let { series, start_ms: known_ms } = catalogue
  let end = out
  let newest_ms = -Infinity
  for (let i = from; i < to; i++) {
    const alias = code[i]!
    const time = time_ms[i]!
    const id = alias >= 0 ? series[alias]! : -1
    if (
      id >= 0 &&
      state[i] === PLAIN &&
      time > 0 &&
      (known_ms[alias] === start_ms[i] || known_ms[alias] === ANY_START)
    ) {
      code[end] = id
      time_ms[end] = time
      value[end] = value[i]!
      state[end] = 0
      end++
      if (time > newest_ms) newest_ms = time
    } else {
      end += takeNumber(request, i, end)
      // They may have grown.
      ;({ series, start_ms: known_ms } = catalogue)
    }
  }
  if (newest_ms > request.newest_ms) request.newest_ms = newest_ms
  return end
}

/** One that is new, has ended, counts from another time than before, is a delta or not fit: 1 when it was taken. */
function takeNumber(request: Taking, i: number, out: number): number {
  const { identity, deltas, starts, writer } = request
  const { code, time_ms, start_ms, value, state } = request.points.numbers
  const point = code[i]!
  const interval = { start_ms: start_ms[i]!, time_ms: time_ms[i]! }
  const taken = taking(request, point, interval.time_ms, (metric) => {
    if (state[i] === EMPTY) throw new Refused('no_value', 'a point has no value')
    const ended = state[i] === ENDED
    const id = identity.number(point)
    let number = ended ? NaN : value[i]!
    let began = false
    if (metric.delta && !ended) {
      const running = deltas.of(id, 1, () => writer.newest(id))
      const added = deltas.add(running, interval, value, i)
      if (added === 'late') throw new Refused('late_delta', 'a delta overlaps one before it')
      number = running.values[0]!
      began = added === 'first' && metric.type === 'counter' && needsZero(interval)
    } else if (metric.type !== 'counter') identity.started(point, ANY_START)
    else if (!ended) {
      began = starts.begins(id, interval, () => ({ series: id, time_ms: writer.newest(id)?.time_ms }))
      identity.started(point, starts.isKnown(id, interval.start_ms) ? interval.start_ms : 0)
    }
    if (began) request.zeros.numbers.push({ before: out, series: id, time_ms: interval.start_ms })
    code[out] = id
    time_ms[out] = interval.time_ms
    value[out] = number
    state[out] = ended ? 1 : 0
  })
  return taken ? 1 : 0
}
