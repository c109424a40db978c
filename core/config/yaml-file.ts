import { readFileSync } from 'node:fs'

import { type Alias, type Document, LineCounter, parseDocument, visit } from 'yaml'

import { messageOf, ServiceError } from '../errors.ts'
import { notYaml } from './problems.ts'

/**
 * A file that people write. Throws what the system says, and where it is in another encoding: read as UTF-8 all the same, its names would be
 * others from here on.
 */
export function readText(path: string): string {
  const bytes = readFileSync(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('is not UTF-8; save it as UTF-8', { cause: error })
  }
}

/** An alias within what it stands for; undefined where there is none. */
function circularAlias(document: Document): Alias | undefined {
  let found: Alias | undefined
  visit(document, {
    Alias(_, alias, path) {
      const target = alias.resolve(document)
      if (target === undefined || !path.includes(target)) return undefined
      found = alias
      return visit.BREAK
    },
  })
  return found
}

/** A document as JavaScript has it, aliases followed. Throws where it would have no end, or they multiply. */
export function treeOf(document: Document, lines: LineCounter): unknown {
  const circular = circularAlias(document)
  if (circular === undefined) return document.toJS() ?? {}
  const { line } = lines.linePos(circular.range?.[0] ?? 0)
  throw new Error(`line ${line}: *${circular.source} stands in what it stands for`)
}

export interface ParsedFile {
  readonly document: Document
  readonly lines: LineCounter
  readonly raw: unknown
}

/** Reads a file of one YAML document. Throws `ServiceError('bad_config')` with file, line where there is one, and why. */
export function parseFile(file: string): ParsedFile {
  const lines = new LineCounter()
  try {
    const document = parseDocument(readText(file), { lineCounter: lines })
    const bad = document.errors[0]
    if (bad === undefined) return { document, lines, raw: treeOf(document, lines) }
    throw new ServiceError('bad_config', `${file}:${lines.linePos(bad.pos[0]).line}: ${notYaml(bad)}`)
  } catch (error) {
    if (error instanceof ServiceError) throw error
    throw new ServiceError('bad_config', `${file}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
