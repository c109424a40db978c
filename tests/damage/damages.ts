import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** What was done to which file, for people. */
export type Damage = string

export interface DamageOptions {
  /** Only files whose path in the folder, with what is done, matches. */
  readonly only: RegExp
  /** The folder of another process. */
  readonly other: string
}

type Random = () => number

const below = (random: Random, size: number): number => Math.floor(random() * size)

/** Overwrites bytes in place. */
function write(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}

/** Each tells what it did. Files are those of the folder, not empty. */
const WAYS: Readonly<Record<string, (path: string, random: Random) => string>> = {
  flip(path, random) {
    const at = below(random, statSync(path).size)
    write(path, at, Uint8Array.of(readFileSync(path)[at]! ^ (1 << below(random, 8))))
    return `at ${at}`
  },
  zero(path, random) {
    const { size } = statSync(path)
    const at = below(random, size)
    const length = Math.min(size - at, 1 + below(random, 4096))
    write(path, at, new Uint8Array(length))
    return `${length} at ${at}`
  },
  noise(path, random) {
    const { size } = statSync(path)
    const at = below(random, size)
    const length = Math.min(size - at, 1 + below(random, 4096))
    write(
      path,
      at,
      Uint8Array.from({ length }, () => below(random, 256)),
    )
    return `${length} at ${at}`
  },
  cut(path, random) {
    const size = below(random, statSync(path).size)
    truncateSync(path, size)
    return `to ${size}`
  },
  tail(path, random) {
    const { size } = statSync(path)
    const at = below(random, size)
    write(path, at, new Uint8Array(size - at))
    return `zeros from ${at} of ${size}`
  },
  grown(path, random) {
    const { size } = statSync(path)
    write(path, size, new Uint8Array(1 + below(random, 8192)))
    return 'by zeros'
  },
  empty(path) {
    writeFileSync(path, '')
    return ''
  },
  gone(path) {
    rmSync(path)
    return ''
  },
}

/** Does one thing to one file; undefined where nothing fits. */
export function damaged(folder: string, random: Random, { only, other }: DamageOptions): Damage | undefined {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted()
  const tasks = files.flatMap((name) => {
    const path = join(folder, name)
    const ways = Object.entries(WAYS).map(([way, apply]) => ({
      name: `${name} ${way}`,
      apply: () => (statSync(path).size === 0 && way !== 'gone' ? undefined : apply(path, random)),
    }))
    const siblings = files.filter((sibling) => sibling !== name && kindOf(sibling) === kindOf(name))
    const twice = siblings.map((sibling) => ({
      name: `${name} is a copy of ${sibling}`,
      apply: () => copyFileSync(join(folder, sibling), path) ?? '',
    }))
    const foreign = existsSync(join(other, name))
      ? [{ name: `${name} is of another`, apply: () => copyFileSync(join(other, name), path) ?? '' }]
      : []
    return [...ways, ...twice, ...foreign]
  })
  const fitting = tasks.filter((task) => only.test(task.name))
  // Kinds of files alike, however many there are of one.
  const kinds = [...new Set(fitting.map((task) => kindOf(task.name)))]
  const kind = kinds[below(random, kinds.length)]
  const ofKind = fitting.filter((task) => kindOf(task.name) === kind)
  const task = ofKind[below(random, ofKind.length)]
  const said = task?.apply()
  return said === undefined ? undefined : `${task!.name} ${said}`
}

function kindOf(name: string): string {
  return name.split(' ')[0]!.replace(/\d+/g, '#')
}
