import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import { type DocumentOptions, parse, type ParseOptions, type SchemaOptions } from 'yaml'

import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'
import type { Counter } from '#core/ports/meter.ts'

import { type FileSdConfig, targetGroups } from '../config/discovery-schema.ts'
import { type Discovery, groupOf, type TargetGroup } from './discovery.ts'

/** Files are looked at this often, or at their refresh interval where that is shorter. */
const LOOK_MS = 5000
/** A list of targets of more bytes is not read. */
const MOST_BYTES = 64 * 2 ** 20
/** Numbers and the like stay as they are written: `1.10` is no `1.1`. */
const TEXTS: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: (tags) => [...tags, 'null'],
}

interface Known {
  readonly mtime_ms: number
  readonly groups: readonly TargetGroup[]
}

export interface FileTargetsOptions {
  readonly config: FileSdConfig
  /** Where relative paths begin. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  readonly failures: Counter
}

/**
 * Targets in JSON and YAML files (`file_sd_configs`). A file that is changed is read again, one that cannot be read keeps what it
 * said, one that is gone has no targets.
 */
export class FileTargets implements Discovery {
  readonly #options: FileTargetsOptions
  readonly #files = new Map<string, Known>()
  #cancel: () => void = () => undefined
  #stopped = false
  /** Whether anything was found out yet. */
  #known = false
  /** Files that cannot be read, and why. */
  readonly #told = new Map<string, string>()

  constructor(options: FileTargetsOptions) {
    this.#options = options
  }

  start(found: (groups: readonly TargetGroup[]) => void): void {
    const look = async (): Promise<void> => {
      await this.#look(found)
      if (this.#stopped) return
      const wait_ms = Math.min(LOOK_MS, this.#options.config.refresh_interval)
      this.#cancel = this.#options.clock.after(wait_ms, () => void look())
    }
    void look()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  async #look(found: (groups: readonly TargetGroup[]) => void): Promise<void> {
    const paths = new Set<string>()
    for (const pattern of this.#options.config.files) for (const path of await this.#matching(pattern)) paths.add(path)
    let changed = !this.#known
    for (const path of paths) changed = (await this.#read(path)) || changed
    for (const path of this.#files.keys()) {
      if (paths.has(path)) continue
      this.#files.delete(path)
      changed = true
    }
    if (!changed || this.#stopped) return
    this.#known = true
    found([...this.#files.values()].flatMap((file) => file.groups))
  }

  /** `*` stands in the last part alone. */
  async #matching(pattern: string): Promise<string[]> {
    const path = resolve(this.#options.folder, pattern)
    if (!path.includes('*')) return (await stat(path).catch(() => undefined)) === undefined ? [] : [path]
    const parts = basename(path).split('*')
    const names = await readdir(dirname(path)).catch(() => [])
    return names
      .filter((name) => matches(name, parts))
      .toSorted()
      .map((name) => join(dirname(path), name))
  }

  /** Whether it says something new. */
  async #read(path: string): Promise<boolean> {
    const known = this.#files.get(path)
    try {
      const { mtimeMs: mtime_ms, size } = await stat(path)
      if (known?.mtime_ms === mtime_ms) return false
      if (size > MOST_BYTES) throw new Error(`has more than ${MOST_BYTES} bytes`)
      const written = targetGroups.parse(parse(await readFile(path, 'utf8'), TEXTS))
      const found = written.map((group, i) => groupOf(`${path}:${i}`, group, { __meta_filepath: path }))
      this.#files.set(path, { mtime_ms, groups: found })
      this.#told.delete(path)
      return true
    } catch (error) {
      this.#options.failures.add(1, { mechanism: 'file' })
      this.#tell(path, messageOf(error))
      return false
    }
  }

  /** Once, until it is something else. */
  #tell(path: string, error: string): void {
    if (this.#told.get(path) === error) return
    this.#told.set(path, error)
    this.#options.log.warn('a file of targets cannot be read; it stays as it was', { path, error })
  }
}

/** Whether the parts stand in the name one after the other, the first and last at its ends. */
function matches(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts
  const last = rest.pop() ?? ''
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= name.length - last.length
}
