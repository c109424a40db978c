import { inspect } from 'node:util'

import { z } from 'zod'

/** A value that prints as `<secret>` wherever it is printed; `reveal()` is the only way to it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '<secret>'
  }

  toJSON(): string {
    return '<secret>'
  }

  [inspect.custom](): string {
    return '<secret>'
  }
}

/** A secret in a file. `{file: path}` has become text before the schema sees it (`load.ts`). */
export const secret = z.union(
  [
    z.instanceof(Secret),
    z
      .string()
      .min(1)
      .transform((text) => new Secret(text)),
  ],
  'a secret: text, or {file: path}',
)
