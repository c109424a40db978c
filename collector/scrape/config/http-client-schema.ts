import { z } from 'zod'

import { secret } from '#core/config/secret.ts'

const file = z.string().min(1)

/** One of two ways to say a thing. */
function atMostOne(keys: readonly [string, string]) {
  return (value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    if (keys.every((key) => value[key] !== undefined)) {
      context.addIssue({ code: 'custom', path: [keys[1]], message: `say ${keys[0]} or ${keys[1]}, not both` })
    }
  }
}

const basicAuth = z
  .strictObject({ username: z.string().default(''), password: secret.optional(), password_file: file.optional() })
  .superRefine(atMostOne(['password', 'password_file']))

const authorization = z
  .strictObject({
    type: z.string().min(1).default('Bearer'),
    credentials: secret.optional(),
    credentials_file: file.optional(),
  })
  .superRefine(atMostOne(['credentials', 'credentials_file']))

const tls = z
  .strictObject({
    ca: z.string().optional(),
    ca_file: file.optional(),
    cert: z.string().optional(),
    cert_file: file.optional(),
    key: secret.optional(),
    key_file: file.optional(),
    server_name: z.string().default(''),
    insecure_skip_verify: z.boolean().default(false),
  })
  .superRefine(atMostOne(['ca', 'ca_file']))
  .superRefine(atMostOne(['cert', 'cert_file']))
  .superRefine(atMostOne(['key', 'key_file']))

const headers = z.record(
  z.string(),
  z.strictObject({ values: z.array(z.string()).default([]), secrets: z.array(secret).default([]) }),
)

/** How a server is spoken to, in the words of Prometheus' `http_config`. Files are relative to the configuration. */
export const HTTP_CLIENT = {
  basic_auth: basicAuth.optional(),
  authorization: authorization.optional(),
  bearer_token: secret.optional(),
  bearer_token_file: file.optional(),
  tls_config: tls.optional(),
  follow_redirects: z.boolean().default(true),
  enable_http2: z.boolean().default(true),
  http_headers: headers.default({}),
}

const httpClient = z.strictObject(HTTP_CLIENT)

export type HttpClientConfig = z.output<typeof httpClient>

/** Of ways to authorise a request, one. */
export function oneAuthorization(config: Partial<HttpClientConfig>, context: z.RefinementCtx): void {
  const given = (['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file'] as const).filter(
    (key) => config[key] !== undefined,
  )
  if (given.length < 2) return
  context.addIssue({ code: 'custom', path: [given[1]!], message: `say ${given[0]} or ${given[1]}, not both` })
}
