import { z } from 'zod'

import { type Change, CHANGE_KINDS } from '../change.ts'
import { jsonNumber } from './json.ts'

/** A change as journal and checkpoint hold it. */
export const changeSchema: z.ZodType<Change> = z.object({
  id: z.string(),
  kind: z.enum(CHANGE_KINDS),
  service: z.string(),
  at_ms: jsonNumber,
  title: z.string(),
  source: z.string(),
  url: z.string(),
  until_ms: jsonNumber.exactOptional(),
  factor: jsonNumber.exactOptional(),
})
