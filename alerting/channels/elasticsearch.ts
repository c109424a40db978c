import type { Client, ClientOptions } from '@elastic/elasticsearch'

import { ServiceError } from '#core/errors.ts'
import { addressOf, redact, secretsIn, withoutUser } from '#core/net/peer.ts'
import type { Locale } from '#core/sentences.ts'

import type { ChannelKind, ElasticsearchTarget, Message, SendContext } from '../channel.ts'
import { addressName, refusal } from '../http.ts'
import { findingDocument, incidentDocument } from './elasticsearch/documents.ts'
import { FINDINGS, INCIDENTS, TEMPLATES } from './elasticsearch/templates.ts'

const BATCH = 500
const SHOWN = 200
/** Of an answer, a hundred times what one to a whole batch has. */
const ANSWER_BYTES = 16 * 2 ** 20
/** Above what is ours to decide, so that a user's catch-all template does not win. */
const PRIORITY = 200

function clientOptions({ url, auth }: ElasticsearchTarget, version: string): ClientOptions {
  const sizes = { maxResponseSize: ANSWER_BYTES, maxCompressedResponseSize: ANSWER_BYTES }
  const options = { node: url, maxRetries: 0, headers: { 'user-agent': `Barograph/${version}` }, ...sizes }
  if (auth === undefined) return options
  if ('api_key' in auth) return { ...options, auth: { apiKey: auth.api_key.reveal() } }
  return { ...options, auth: { username: auth.username, password: auth.password.reveal() } }
}

function secretsOf({ url, auth }: ElasticsearchTarget): string[] {
  const inUrl = withoutUser(url).secrets
  if (auth === undefined) return inUrl
  if ('api_key' in auth) return [...inUrl, ...secretsIn(auth.api_key.reveal())]
  const password = auth.password.reveal()
  return [...inUrl, password, Buffer.from(`${auth.username}:${password}`).toString('base64')]
}

/** Action and document of a message, in the order of a bulk request. */
function operations(message: Message, locale: Locale): Record<string, unknown>[] {
  if (message.kind === 'notice') return []
  if (message.kind === 'finding') {
    const { finding } = message
    const action = { create: { _index: FINDINGS, _id: message.key } }
    return [action, findingDocument(finding, locale)]
  }
  const { incident, title } = message
  return [{ index: { _index: INCIDENTS, _id: incident.id } }, incidentDocument(incident, title, locale)]
}

/** What the client throws, as an operating error without the request in it: that holds the credentials. */
function errorOf(error: unknown, secrets: readonly string[], { aborted }: AbortSignal): ServiceError {
  const message = redact(error instanceof Error ? error.message : String(error), secrets).slice(0, SHOWN)
  const name = error instanceof Error ? error.name : ''
  if (name === 'ResponseError') return refusal((error as { statusCode?: number }).statusCode ?? 500, message)
  return new ServiceError(aborted ? 'canceled' : 'unavailable', message, { retryable: true })
}

interface Item {
  readonly status?: number | undefined
  readonly error?: { readonly type: string; readonly reason?: string | null | undefined } | undefined
}

/** The worst that a bulk answer says of its items; 409 means: written already. */
function worstOf(items: readonly Item[]): ServiceError | undefined {
  const failed = items.filter(({ status = 200 }) => status >= 300 && status !== 409)
  const worst = failed.find(({ status = 0 }) => status === 429 || status >= 500) ?? failed[0]
  if (worst === undefined) return undefined
  const { type = '', reason = '' } = worst.error ?? {}
  return refusal(worst.status ?? 500, `${failed.length} documents not written: ${type} ${reason ?? ''}`.slice(0, SHOWN))
}

/** Makes the index templates that are not there; one that people changed stays theirs. */
async function ensureTemplates(client: Client, signal: AbortSignal): Promise<void> {
  for (const [name, { mappings, ...rest }] of Object.entries(TEMPLATES)) {
    if (await client.indices.existsIndexTemplate({ name }, { signal })) continue
    const template = { name, index_patterns: [name], priority: PRIORITY, template: { mappings }, ...rest }
    await client.indices.putIndexTemplate(template, { signal })
  }
}

async function open(options: ClientOptions): Promise<Client> {
  const { Client } = await import('@elastic/elasticsearch')
  return new Client(options)
}

/** Findings into a data stream and incidents into an index, by bulk; repeated writes change nothing. */
export const elasticsearch: ChannelKind<ElasticsearchTarget> = {
  type: 'elasticsearch',
  create(target, { version, locale }) {
    addressOf(target.url)
    // The client takes 40 MB of memory: only who writes there has it.
    let opening: Promise<Client> | undefined
    const secrets = secretsOf(target)
    let ready = false
    return {
      name: addressName('elasticsearch', target.url),
      wants: target.write.map((what) => (what === 'findings' ? 'finding' : 'incident')),
      delivery: 'once',
      resolved: true,
      batch: BATCH,
      async send(messages: readonly Message[], { signal }: SendContext) {
        let items: readonly Item[]
        try {
          const client = await (opening ??= open(clientOptions(target, version)))
          signal.throwIfAborted()
          if (!ready) await ensureTemplates(client, signal)
          ready = true
          const body = messages.flatMap((message) => operations(message, locale))
          if (body.length === 0) return
          const { statusCode, body: answer } = await client.bulk({ operations: body }, { signal, meta: true })
          // The client takes a redirection for an answer.
          if (statusCode >= 300 || !Array.isArray(answer.items))
            throw refusal(statusCode, 'this is no answer of Elasticsearch')
          items = answer.items.flatMap((item) => Object.values(item))
        } catch (error) {
          throw error instanceof ServiceError ? error : errorOf(error, secrets, signal)
        }
        const worst = worstOf(items)
        if (worst !== undefined) throw worst
      },
      close: async () => (await opening)?.close(),
    }
  },
}
