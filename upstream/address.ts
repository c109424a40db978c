import { z } from 'zod'

import { Secret, secret } from '#core/config/secret.ts'

function hasUser(text: string): boolean {
  const { username, password } = new URL(text)
  return username !== '' || password !== ''
}

/** The address of a peer in a file: one with a user or a password in it is secret as a whole. */
export const address = z.union(
  [z.instanceof(Secret), z.url({ protocol: /^https?$/ }).transform((url) => (hasUser(url) ? new Secret(url) : url))],
  'an http or https URL, like http://prometheus:9090',
)

const NAME = 'the name of a header: letters, digits and -'

/** Headers for a peer; their values are shown nowhere. */
export const headers = z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, NAME), secret)

export function revealed(url: string | Secret): string {
  return typeof url === 'string' ? url : url.reveal()
}
