import { ServiceError } from '#core/errors.ts'

/** The page cannot be read: nothing of it is kept. `Page` adds the line. */
export function malformed(what: string): never {
  throw new ServiceError('bad_data', what)
}
