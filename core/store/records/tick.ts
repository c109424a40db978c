import type { RecordCodec } from '../record-codec.ts'

/** Time, and the time up to which lagging sources are complete (NaN: nobody lags). */
export const tick: RecordCodec<'tick'> = {
  kind: 'tick',
  type: 2,
  encode(entry, writer) {
    writer.f64(entry.time_ms)
    writer.f64(entry.complete_ms ?? Number.NaN)
  },
  decode(reader) {
    const time_ms = reader.f64()
    const complete_ms = reader.f64()
    return Number.isNaN(complete_ms) ? { kind: 'tick', time_ms } : { kind: 'tick', time_ms, complete_ms }
  },
}
