import { createRequire } from 'node:module'

/** Bytes, and how far they were read. */
export interface BytesAt {
  readonly buffer: Buffer
  offset: number
}

/** What is used of the library's reader of bytes. */
export interface BytesReader extends BytesAt {
  readBoolean(): boolean
  readBytes(length: number): Buffer
  readInt16(): number
  readInt32(): number
  readUVarInt(): number
  readUVarIntArray<T>(read: (reader: this) => T): T[] | null
  readUVarIntString(): string | null
  forward(bytes: number): void
}

/** What is used of the library's writer. An array is written with a writer for each item. */
export interface BytesWriter {
  writeBoolean(value: boolean): this
  writeBuffer(bytes: Buffer): this
  writeUVarInt(value: number): this
  writeUVarIntArray(items: readonly BytesWriter[]): this
  writeUVarIntString(text: string): this
}

/** A request as the library sends it, and what becomes of the answer: its bytes are read, then judged; `parse` rejects where it is an error. */
export interface Exchange<Answer> {
  readonly request: object
  readonly response: {
    decode(bytes: Buffer): Promise<Answer>
    parse(answer: Answer): Promise<Answer>
  }
}

/** A kind of request: the library takes the newest version that it and the broker know. */
export interface RequestKind<Question, Answer> {
  readonly versions: readonly string[]
  protocol: (options: { readonly version: number }) => (question: Question) => Exchange<Answer>
}

/** A module of the library that it does not give away, as it is after whatever was mended in it. */
export const internal = createRequire(import.meta.url)

export const Reader = internal('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => BytesReader
export const Writer = internal('kafkajs/src/protocol/encoder.js') as new () => BytesWriter
