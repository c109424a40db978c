import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface RuleFile {
  readonly file: string
  /** Below the folder that was named: state and ids must not hang on where that lies. */
  readonly name: string
}

/** The rule files of files and folders, folders recursively, in order of name; tests left out. */
export function filesOf(path: string): RuleFile[] {
  if (statSync(path).isFile()) return [{ file: path, name: basename(path) }]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => ({ file: join(path, name), name: join(basename(path), name) }))
}

/** Names given before get a number: `a`, `a#2`. Files of two folders of one name, and rules of a group, keep their state apart. */
export function numbering(): (name: string) => string {
  const seen = new Map<string, number>()
  return (name) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name}#${count}`
  }
}
