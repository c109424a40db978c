import { z } from 'zod'

import { FEEDBACK } from '../../finding.ts'
import { jsonNumber, parseJson } from '../json.ts'
import type { RecordCodec } from '../record-codec.ts'

const schema = z.object({
  kind: z.literal('feedback'),
  feedback: z.enum(FEEDBACK),
  finding: z.string(),
  by: z.string(),
  at_ms: jsonNumber,
})

/** What a person said of a finding, as JSON. */
export const feedback: RecordCodec<'feedback'> = {
  kind: 'feedback',
  type: 7,
  encode: (entry, writer) => writer.text(JSON.stringify(entry)),
  decode: (reader) => parseJson(reader.text(), schema, 'what was said of a finding'),
}
