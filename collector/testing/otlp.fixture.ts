import protobuf from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor.js'

import type { SignalKind } from '#core/ports/intake.ts'

import { type Message, requests } from '../wire/schema.ts'

/** protobufjs with the messages of our table: another's encoder and decoder for the same wire. */
const root = new protobuf.Root()
const types = new Map<Message, protobuf.Type>()

function typeOf(message: Message): protobuf.Type {
  const known = types.get(message)
  if (known !== undefined) return known
  const type = new protobuf.Type(`M${types.size}`)
  types.set(message, type)
  root.add(type)
  const groups = new Map<string, string[]>()
  for (const [number, { name, type: kind, repeated, oneof }] of message) {
    const wire = typeof kind === 'function' ? typeOf(kind()).name : kind === 'hex' ? 'bytes' : kind
    type.add(new protobuf.Field(name, number, wire, repeated ? 'repeated' : undefined))
    if (oneof !== '') groups.set(oneof, [...(groups.get(oneof) ?? []), name])
  }
  for (const [name, fields] of groups) type.add(new protobuf.OneOf(name, fields))
  return type
}

const BY_SIGNAL = {
  metrics: typeOf(requests.metrics),
  logs: typeOf(requests.logs),
  traces: typeOf(requests.traces),
}
root.resolveAll()

/** Ids and bytes as `Buffer`s, 64-bit integers as numbers. */
export function encode(signal: SignalKind, message: object): Uint8Array {
  return BY_SIGNAL[signal].encode(message).finish()
}

/** The message as protobufjs has it, without making anything more of it. */
export function decodeMessage(signal: SignalKind, bytes: Uint8Array): object {
  return BY_SIGNAL[signal].decode(bytes)
}

/** The same messages for others' libraries: a `FileDescriptorSet` of proto3, and the name of the request in it. */
export function descriptorSet(signal: SignalKind): { readonly bytes: Uint8Array; readonly name: string } {
  const set = (root as unknown as { toDescriptor(edition: string): protobuf.Message }).toDescriptor('proto3')
  return { bytes: descriptor.FileDescriptorSet.encode(set).finish(), name: BY_SIGNAL[signal].name }
}

/** Throws what protobufjs throws. */
export function decodeTree(signal: SignalKind, bytes: Uint8Array): object {
  const type = BY_SIGNAL[signal]
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, json: true })
}
