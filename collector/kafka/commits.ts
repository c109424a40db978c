import { type Exchange, internal, type RequestKind } from './protocol.ts'

const UNKNOWN_TOPIC = 3

interface Committed {
  readonly responses: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[]
  }[]
}

const kind = internal('kafkajs/src/protocol/requests/offsetCommit/index.js') as RequestKind<object, Committed>
const library = kind.protocol

function withoutGone(answer: Committed): Committed {
  const responses = answer.responses.map((one) => {
    return { ...one, partitions: one.partitions.filter(({ errorCode }) => errorCode !== UNKNOWN_TOPIC) }
  })
  return { ...answer, responses }
}

function exchange({ response, ...rest }: Exchange<Committed>): Exchange<Committed> {
  const parse = (answer: Committed) => response.parse(withoutGone(answer))
  return { ...rest, response: { decode: (bytes) => response.decode(bytes), parse } }
}

/**
 * For all clients of the process. Where one topic of a commit was deleted, the broker takes what is said of the others; kafkajs 2.2 says the
 * same again for as long as it tries anything, and nothing that comes after it.
 */
export function mendCommits(): void {
  kind.protocol = (options) => (question) => exchange(library(options)(question))
}
