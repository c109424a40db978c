import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SecureContextOptions } from 'node:tls'

import { messageOf, ServiceError } from '#core/errors.ts'

import type { HttpClientConfig } from '../config/http-client-schema.ts'

type Headers = Record<string, string | string[]>

/** Options of a TLS connection. */
export interface TlsOptions extends SecureContextOptions {
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** What a server is shown and trusted by. Files are read anew whenever they are asked for: they may be renewed under way. */
export class Credentials {
  readonly #config: HttpClientConfig
  readonly #folder: string

  /** Relative files lie in `folder`. */
  constructor(config: HttpClientConfig, folder: string) {
    this.#config = config
    this.#folder = folder
  }

  /** Throws `ServiceError('unavailable')` where a file cannot be read. */
  async headers(): Promise<Headers> {
    const { http_headers } = this.#config
    const headers: Headers = {}
    for (const [name, { values, secrets }] of Object.entries(http_headers)) {
      headers[name.toLowerCase()] = [...values, ...secrets.map((one) => one.reveal())]
    }
    const authorization = await this.#authorization()
    return authorization === undefined ? headers : { ...headers, authorization }
  }

  /** Throws `ServiceError('unavailable')` where a file cannot be read. */
  async tls(): Promise<TlsOptions> {
    const { tls_config: tls } = this.#config
    if (tls === undefined) return {}
    const [ca, cert, key] = await Promise.all([
      tls.ca ?? this.#text(tls.ca_file),
      tls.cert ?? this.#text(tls.cert_file),
      tls.key?.reveal() ?? this.#text(tls.key_file),
    ])
    return {
      rejectUnauthorized: !tls.insecure_skip_verify,
      ...(tls.server_name !== '' && { servername: tls.server_name }),
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    }
  }

  async #authorization(): Promise<string | undefined> {
    const { basic_auth: basic, authorization, bearer_token, bearer_token_file } = this.#config
    if (basic !== undefined) {
      const password = basic.password?.reveal() ?? (await this.#text(basic.password_file))?.trim() ?? ''
      return `Basic ${Buffer.from(`${basic.username}:${password}`).toString('base64')}`
    }
    if (authorization !== undefined) {
      const { type, credentials, credentials_file } = authorization
      return `${type} ${credentials?.reveal() ?? (await this.#text(credentials_file))?.trim() ?? ''}`
    }
    const token = bearer_token?.reveal() ?? (await this.#text(bearer_token_file))?.trim()
    return token === undefined ? undefined : `Bearer ${token}`
  }

  async #text(file: string | undefined): Promise<string | undefined> {
    if (file === undefined) return undefined
    try {
      return await readFile(resolve(this.#folder, file), 'utf8')
    } catch (error) {
      throw new ServiceError('unavailable', `cannot read ${file}: ${messageOf(error)}`, { cause: error })
    }
  }
}
