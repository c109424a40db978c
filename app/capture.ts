import { createReadStream, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { Input } from '#core/ports/intake.ts'

import { readInput } from '../collector/index.ts'
import { changeOf } from './change-line.ts'

/** The files of a capture: itself, or every `*.jsonl[.gz]` of a folder in order of name. */
export function captureFiles(path: string): string[] {
  try {
    if (statSync(path).isFile()) return [path]
    const files = readdirSync(path)
      .filter((name) => /\.jsonl(\.gz)?$/.test(name))
      .toSorted()
    if (files.length > 0) return files.map((name) => join(path, name))
  } catch (error) {
    throw new ServiceError('bad_data', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
  throw new ServiceError('bad_data', `${path}: no *.jsonl or *.jsonl.gz in this folder`)
}

interface Timed {
  readonly input: Input
  /** The newest time in the line; that of the line before where it has none. */
  readonly time_ms: number
}

/** Times of points, records and spans in a request, whatever its signal. */
const NANOS = /"(?:timeUnixNano|observedTimeUnixNano|endTimeUnixNano)"\s*:\s*"?(\d{13,19})/g

/** The newest time that an input speaks of; −Infinity where it names none. */
function newestTime(input: Input): number {
  if (input.kind === 'tick') return input.time_ms
  if (input.kind === 'samples') return input.newest_ms ?? -Infinity
  if (input.kind === 'change') return input.change.at_ms
  if (input.kind === 'command' || input.kind === 'feedback') return input.at_ms
  if (input.kind === 'answers') return Math.max(-Infinity, ...input.answers.map(({ to_ms }) => to_ms))
  let newest = ''
  for (const [, nanos = ''] of Buffer.from(input.body).toString('latin1').matchAll(NANOS)) {
    if (nanos.length > newest.length || (nanos.length === newest.length && nanos > newest)) newest = nanos
  }
  return newest === '' ? -Infinity : Math.floor(Number(newest.slice(0, -3)) / 1000)
}

/** A line of a capture; in `changes.jsonl` a change may stand alone, in the form of the API. */
function read(line: string, origin: { readonly file: string; readonly line: number }): Input {
  return (
    (basename(origin.file).startsWith('changes.jsonl') ? changeOf(line, origin) : undefined) ?? readInput(line, origin)
  )
}

async function* inputsOf(file: string): AsyncGenerator<Timed> {
  const raw = createReadStream(file)
  const lines = createInterface({ input: file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw, crlfDelay: Infinity })
  let number = 0
  let time_ms = -Infinity
  try {
    for await (const line of lines) {
      number++
      if (line.trim() === '') continue
      const input = read(line, { file, line: number })
      // A file keeps its order: a line is never younger than the one before it.
      time_ms = Math.max(time_ms, newestTime(input))
      yield { input, time_ms }
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error
    throw new ServiceError('bad_data', `${file}:${number + 1}: cannot be read: ${messageOf(error)}`, { cause: error })
  } finally {
    raw.destroy()
  }
}

/** All inputs of the files: each keeps its order, and files are merged by the newest time in each line. */
export async function* readCapture(files: readonly string[]): AsyncGenerator<Timed> {
  const heads: { next: Timed; rest: AsyncGenerator<Timed> }[] = []
  for (const file of files) {
    const rest = inputsOf(file)
    const first = await rest.next()
    if (first.done !== true) heads.push({ next: first.value, rest })
  }
  while (heads.length > 0) {
    const head = heads.reduce((oldest, one) => (one.next.time_ms < oldest.next.time_ms ? one : oldest))
    yield head.next
    const after = await head.rest.next()
    if (after.done === true) heads.splice(heads.indexOf(head), 1)
    else head.next = after.value
  }
}
