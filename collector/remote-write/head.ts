import type { IncomingHttpHeaders } from 'node:http'

const TYPE = 'application/x-protobuf'
/** By `proto` of the content type; without it, version 1. */
const MESSAGES: ReadonlyMap<string, 1 | 2> = new Map([
  ['prometheus.WriteRequest', 1],
  ['io.prometheus.write.v2.Request', 2],
])

/** Why the head of a request alone is reason to refuse it. */
export interface Refusal {
  readonly status: number
  readonly message: string
}

function versionOf(header: string): 1 | 2 | Refusal {
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim())
  if (type.toLowerCase() !== TYPE) return { status: 415, message: `content-type must be ${TYPE}` }
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim())
    if (name.toLowerCase() !== 'proto') continue
    const known = MESSAGES.get(value)
    const names = [...MESSAGES.keys()].join(', ')
    return known ?? { status: 415, message: `message ${value.slice(0, 100)} is not known; there are ${names}` }
  }
  return 1
}

/**
 * The version of remote write in which a body comes. A sender that says nothing at all is taken for one of version 1, as Prometheus
 * takes it. Source: Prometheus Remote-Write 2.0 specification, Protocol.
 */
export function versionOfHead(method: string | undefined, headers: IncomingHttpHeaders): 1 | 2 | Refusal {
  if (method !== 'POST') return { status: 405, message: 'only POST' }
  const version = versionOf(headers['content-type'] ?? TYPE)
  if (typeof version === 'object') return version
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'snappy') return version
  return { status: 415, message: `content-encoding ${encoding.slice(0, 100)} is not taken; send snappy, block format` }
}
