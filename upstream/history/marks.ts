import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { z } from 'zod'

import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import { parseJson } from '#core/store/json.ts'

const VERSION = 1

const schema = z.object({ version: z.literal(VERSION), selectors: z.record(z.string(), z.number()) })

/** Up to when each selector has been fetched, in a file of JSON, so that nothing is fetched twice. */
export class HistoryMarks {
  readonly #path: string
  readonly #log: Log
  #marks: Map<string, number>
  #failed = false

  /** A file that cannot be read counts as none: what is fetched again is there already. */
  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
    this.#marks = this.#read()
  }

  /** Event time; −Infinity where nothing was fetched. */
  get(selector: string): number {
    return this.#marks.get(selector) ?? -Infinity
  }

  /** In memory; `save` makes it last. */
  set(selector: string, time_ms: number): void {
    this.#marks.set(selector, time_ms)
  }

  /** Lets go of selectors that are no longer wanted. */
  keep(selectors: ReadonlySet<string>): void {
    for (const selector of this.#marks.keys()) if (!selectors.has(selector)) this.#marks.delete(selector)
  }

  forget(): void {
    this.#marks.clear()
  }

  /** A failure is told once: after a restart some is fetched again. */
  save(): void {
    const text = JSON.stringify({ version: VERSION, selectors: Object.fromEntries(this.#marks) })
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      writeFileSync(`${this.#path}.tmp`, `${text}\n`)
      renameSync(`${this.#path}.tmp`, this.#path)
      this.#failed = false
    } catch (error) {
      if (!this.#failed)
        this.#log.warn('what was fetched cannot be noted', { path: this.#path, error: messageOf(error) })
      this.#failed = true
    }
  }

  #read(): Map<string, number> {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch {
      return new Map()
    }
    try {
      return new Map(Object.entries(parseJson(text, schema, this.#path).selectors))
    } catch (error) {
      this.#log.warn('the marks of history cannot be read; it is fetched again', { error: messageOf(error) })
      return new Map()
    }
  }
}
