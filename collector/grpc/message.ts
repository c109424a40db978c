import { constants, type ServerHttp2Stream } from 'node:http2'

import { ServiceError } from '#core/errors.ts'

import type { Share } from '../http/budget.ts'

/** Whether it is compressed, then its length. */
export const PREFIX = 5

/** The one message of a unary request, in the encoding of the request where it is compressed. */
export interface Message {
  readonly compressed: boolean
  readonly bytes: Uint8Array
}

function lengthOf(chunks: readonly Buffer[]): number {
  const [first] = chunks
  const head = first!.length >= PREFIX ? first! : Buffer.concat(chunks)
  return head.readUInt32BE(1)
}

/** What stands behind the prefix. */
function behindPrefix(chunks: readonly Buffer[], size: number, share: Share): Buffer {
  const bytes = share.memory(size - PREFIX)
  let at = -PREFIX
  for (const chunk of chunks) {
    chunk.copy(bytes, Math.max(at, 0), Math.min(Math.max(-at, 0), chunk.length))
    at += chunk.length
  }
  return bytes
}

function whole(chunks: readonly Buffer[], size: number, share: Share): Message {
  if (size < PREFIX) throw new ServiceError('bad_data', 'a request without a message')
  const head = chunks[0]!.length >= PREFIX ? chunks[0]! : Buffer.concat(chunks)
  const length = head.readUInt32BE(1)
  if (length !== size - PREFIX) {
    throw new ServiceError('bad_data', `a message of ${length} bytes was announced, ${size - PREFIX} came`)
  }
  if (head[0]! > 1) throw new ServiceError('bad_data', `compression flag ${head[0]} is not known`)
  return { compressed: head[0] === 1, bytes: behindPrefix(chunks, size, share) }
}

const gone = (): ServiceError => new ServiceError('canceled', 'the sender went away')

/** Reads a request to its end. Throws `ServiceError`: `too_large` as soon as that is known, `overloaded`, `bad_data`, `canceled`. */
export async function readMessage(stream: ServerHttp2Stream, limit: number, share: Share): Promise<Message> {
  const chunks: Buffer[] = []
  let size = 0
  let announced = -1
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      stream.off('data', onData).off('end', onEnd).off('close', onGone)
      settle()
    }
    const guarded = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        done(() => reject(error))
      }
    }
    const onData = (chunk: Buffer): void =>
      guarded(() => {
        size += chunk.length
        chunks.push(chunk)
        if (announced < 0 && size >= PREFIX) announced = lengthOf(chunks)
        if (announced > limit || size > limit + PREFIX) {
          throw new ServiceError('too_large', `a message may have ${limit} bytes`)
        }
        share.add(chunk.length)
      })
    const onEnd = (): void =>
      guarded(() => {
        // A stream that was reset ends as if nothing were.
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw gone()
        const message = whole(chunks, size, share)
        done(() => resolve(message))
      })
    const onGone = (): void => done(() => reject(gone()))
    stream.on('data', onData).on('end', onEnd).on('close', onGone)
  })
}
