import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { messageOf, ServiceError } from '#core/errors.ts'

/** True while a Barograph of that process number runs (or may: it is somebody else's). */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return isBarograph(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The process that wrote the file. A `data` that is no folder has none in it. */
function holder(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ServiceError('bad_config', `data: ${dirname(file)} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

/** Numbers are given again: after a crash another program may have ours. Where the system does not tell, it is taken for one. */
function isBarograph(pid: number): boolean {
  try {
    return /barograph|main\.ts|vitest/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  } catch {
    return true
  }
}

/**
 * One process a data folder: two would tear each other's journal. Returns the way to let go. Throws `ServiceError('bad_config')` when another has it
 * or the folder cannot be made.
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'lock')
  try {
    makeFolder(folder)
    return create(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ServiceError('bad_config', `data: ${folder} cannot be used: ${messageOf(error)}`, { cause: error })
    }
  }
  const pid = holder(file)
  if (Number.isInteger(pid) && pid > 0 && pid !== process.pid && runs(pid)) {
    throw new ServiceError(
      'bad_config',
      `data: ${folder} is in use by process ${pid}; stop it, or give this one another folder with --set data=DIR`,
    )
  }
  // Left behind by a crash.
  rmSync(file, { force: true })
  return create(file)
}

/** `recursive` of Node never comes back where every name is refused as one that is not there, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
}

function create(file: string): () => void {
  const handle = openSync(file, 'wx')
  writeSync(handle, String(process.pid))
  closeSync(handle)
  const release = (): void => {
    process.off('exit', release)
    rmSync(file, { force: true })
  }
  // A start that fails ends the process without letting go.
  process.once('exit', release)
  return release
}
