import { BODY_MAX, type Level } from '#core/signal.ts'

import type { JsonObject } from '../wire/to-json.ts'
import { levelOfWord } from './levels.ts'
import { contentOf } from './values.ts'

/** What a log record says to people. */
export interface Said {
  readonly text: string
  /** As its form or a field of it names it; undefined where neither does. */
  readonly level: Level | undefined
}

/** Where libraries and collectors put the message, and the level, of what they write as fields. */
const MESSAGE = ['message', 'msg', '@message', '@mt', '@m', 'short_message', 'MESSAGE', 'log', 'event', 'error', 'err']
const LEVEL = ['level', 'severity', 'lvl', 'log.level', 'loglevel', 'log_level', 'levelname', 'severity_text', '@l']

/** Fields in a field, as runtimes and collectors wrap lines; what is deeper is text. */
const WRAPS = 3

/** Python says last what went wrong. */
const TRACEBACK = /^\s*Traceback \(most recent call last\):/
const LOGFMT = /^[\w.@/-]+=/
const PAIR = /([\w.@/-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001B\[[0-9;]*m/g

/**
 * Fit to be kept: no longer than anybody reads, well-formed, without colours and separators of labels. A part of a long string is a copy, or
 * all of it would stay in memory for as long as a template has a word of it.
 */
export function kept(text: string): string {
  const short = text.length > BODY_MAX ? Buffer.from(text.slice(0, BODY_MAX)).toString() : text.toWellFormed()
  const plain = short.includes('\u001B') ? short.replaceAll(COLOURS, '') : short
  // oxlint-disable-next-line no-control-regex
  return plain.replaceAll(/[\u0000\u0001]/g, '\uFFFD').trim()
}

function fieldsOfJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

function fieldsOfLogfmt(line: string): JsonObject {
  return Object.fromEntries(Array.from(line.matchAll(PAIR), ([, key, quoted, bare]) => [key!, quoted ?? bare!]))
}

/** A field that is text or a number, as text. */
function fieldOf(fields: JsonObject, names: readonly string[]): string {
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    if ((typeof value === 'string' && value.trim() !== '') || typeof value === 'number') return String(value)
  }
  return ''
}

/** `a=1 b="two words" c={}`, by key: fields without a message are told apart by their names. */
function lineOf(fields: JsonObject): string {
  return Object.keys(fields)
    .toSorted()
    .map((key) => {
      const value = fields[key]
      const text = Array.isArray(value) ? '[]' : typeof value === 'object' && value !== null ? '{}' : String(value)
      return `${key}=${/[\s"]/.test(text) ? JSON.stringify(text) : text}`
    })
    .join(' ')
}

function saidByFields(fields: JsonObject, wraps = WRAPS): Said {
  const own = levelOfWord(fieldOf(fields, LEVEL))
  const message = fieldOf(fields, MESSAGE)
  if (message === '') return { text: kept(lineOf(fields)), level: own }
  const { text, level } = wraps > 0 ? saidByLine(message, wraps - 1) : { text: kept(message), level: undefined }
  return { text, level: own ?? level }
}

function saidByLine(whole: string, wraps = WRAPS): Said {
  if (/^\s*\{/.test(whole)) {
    const fields = fieldsOfJson(whole)
    if (fields !== undefined) return saidByFields(fields, wraps)
  }
  if (TRACEBACK.test(whole)) return { text: kept(whole.trimEnd().split('\n').at(-1)!), level: 'error' }
  const text = kept(whole)
  if (LOGFMT.test(text)) {
    const fields = fieldsOfLogfmt(text)
    if (fieldOf(fields, MESSAGE) !== '') return saidByFields(fields, wraps)
  }
  return { text, level: undefined }
}

/** What the body of a record says, an `AnyValue`: the message of fields (a structure, or a line of JSON or logfmt), else all of it. */
export function saidBy(body: unknown): Said {
  const content = contentOf(body)
  if (content === null) return { text: '', level: undefined }
  if (typeof content === 'string') return saidByLine(content)
  if (typeof content === 'object' && !Array.isArray(content)) return saidByFields(content as JsonObject)
  return { text: kept(JSON.stringify(content)), level: undefined }
}
