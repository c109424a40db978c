import type { RecordCodec } from '../record-codec.ts'

/** Time, and the time up to which lagging sources are complete (NaN: nobody lags); behind them the share of rules, where there is one. */
export const tick: RecordCodec<'tick'> = {
  kind: 'tick',
  type: 2,
  encode({ time_ms, complete_ms = Number.NaN, share }, writer) {
    writer.f64(time_ms)
    writer.f64(complete_ms)
    if (share !== undefined) writer.f64(share)
  },
  decode(reader) {
    const time_ms = reader.f64()
    const complete_ms = reader.f64()
    const share = reader.left > 0 ? reader.f64() : undefined
    return {
      kind: 'tick',
      time_ms,
      ...(!Number.isNaN(complete_ms) && { complete_ms }),
      ...(share !== undefined && { share }),
    }
  },
}
