import { z } from 'zod'

import { jsonNumber, parseJson } from '../json.ts'
import type { RecordCodec } from '../record-codec.ts'

const schema = z.object({
  kind: z.literal('command'),
  command: z.enum(['ack', 'resolve']),
  incident: z.string(),
  by: z.string(),
  at_ms: jsonNumber,
})

/** What a person did to an incident, as JSON. */
export const command: RecordCodec<'command'> = {
  kind: 'command',
  type: 4,
  encode: (entry, writer) => writer.text(JSON.stringify(entry)),
  decode: (reader) => parseJson(reader.text(), schema, 'a command'),
}
