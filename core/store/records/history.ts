import type { RecordCodec } from '../record-codec.ts'

/** Samples as columns. */
export const history: RecordCodec<'history'> = {
  kind: 'history',
  type: 8,
  encode({ samples }, writer, { series, columns }) {
    return columns.write(samples, writer, series)
  },
  decode(reader, { series, columns }) {
    return { kind: 'history', samples: columns.read(reader, series) }
  },
}
