import { z } from '@hono/zod-openapi'

export const ErrorForm = z.object({ error: z.object({ code: z.string(), message: z.string() }) }).openapi('Error')

/** The `responses` of a route that answers JSON: the good one, and what may go wrong. */
export function answers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return {
    200: { description, content: { 'application/json': { schema } } },
    default: { description: 'what went wrong', content: { 'application/json': { schema: ErrorForm } } },
  }
}
