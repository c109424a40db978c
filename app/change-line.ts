import { z } from 'zod'

import { CHANGE_KINDS } from '#core/change.ts'
import { plainly } from '#core/config/problems.ts'
import { ServiceError } from '#core/errors.ts'
import { contentId } from '#core/hash.ts'
import type { ChangeInput } from '#core/ports/intake.ts'

const schema = z.object({
  id: z.string().optional(),
  kind: z.enum(CHANGE_KINDS).default('deploy'),
  service: z.string().default(''),
  at: z.iso.datetime({ offset: true }).transform(Date.parse),
  title: z.string().default(''),
  source: z.string().default('capture'),
  url: z.string().default(''),
  until: z.iso.datetime({ offset: true }).transform(Date.parse).optional(),
  factor: z.number().positive().exactOptional(),
})

/** A bare change as the API writes it; undefined where the line is something else. Throws `ServiceError('bad_data')`. */
export function changeOf(
  line: string,
  { file, line: number }: { readonly file: string; readonly line: number },
): ChangeInput | undefined {
  let raw: unknown
  try {
    raw = JSON.parse(line)
  } catch (error) {
    throw new ServiceError('bad_data', `${file}:${number}: not JSON`, { cause: error })
  }
  if (typeof raw !== 'object' || raw === null || !('at' in raw)) return undefined
  const parsed = schema.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ServiceError(
      'bad_data',
      `${file}:${number}: ${issue?.path.join('.') ?? ''}: ${issue === undefined ? 'not a change' : plainly(issue)}`,
    )
  }
  const { id, at, until, ...rest } = parsed.data
  const { kind, service, title } = rest
  const lasting = until === undefined ? {} : { until_ms: until }
  return {
    kind: 'change',
    change: { ...rest, ...lasting, at_ms: at, id: id ?? contentId('c', kind, service, at, title) },
  }
}
