import { changeSchema } from '../change-schema.ts'
import { parseJson } from '../json.ts'
import type { RecordCodec } from '../record-codec.ts'

/** A change, as JSON. */
export const change: RecordCodec<'change'> = {
  kind: 'change',
  type: 3,
  encode: (entry, writer) => writer.text(JSON.stringify(entry.change)),
  decode: (reader) => ({ kind: 'change', change: parseJson(reader.text(), changeSchema, 'a change') }),
}
