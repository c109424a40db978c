import { mkdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { ServiceError } from '#core/errors.ts'

import { usageError } from './arguments.ts'
import type { Terminal } from './command.ts'
import { type FileJob, linesOf } from './offline.ts'

/** Fewer characters a write cost more in writes than in lines. */
const CHUNK = 65_536

/** One file to standard output, or any number to a folder. Returns the exit code. */
export async function runFiles(
  files: readonly string[],
  out: string | undefined,
  terminal: Terminal,
  jobOf: (file: string, out: string) => FileJob,
): Promise<number> {
  if (files.length === 0) throw usageError('which file? see --help')
  if (out !== undefined)
    return toFolder(
      files.map((file) => jobOf(file, join(out, basename(file, '.gz')))),
      out,
      terminal,
    )
  if (files.length > 1) throw usageError(`${files.length} files need --out DIR, where each gets a file of its name`)
  let chunk = ''
  for (const line of await linesOf(jobOf(files[0]!, ''))) {
    chunk += `${line}\n`
    if (chunk.length < CHUNK) continue
    await terminal.out(chunk)
    chunk = ''
  }
  await terminal.out(chunk)
  return 0
}

async function toFolder(jobs: readonly FileJob[], out: string, terminal: Terminal): Promise<number> {
  const names = jobs.map(({ out: name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw usageError(`two inputs would write ${twice}; give them different names`)
  makeFolder(out)
  const over = jobs.find(({ file, out: name }) => isSame(file, name))
  if (over !== undefined) throw usageError(`${over.file} would be written over; give --out another folder`)
  const waiting = [...jobs]
  let done = 0
  let failed = 0
  const lane = async (worker: Worker): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const problem = await ask(worker, job)
      if (problem !== '') failed++
      terminal.err(problem === '' ? `${++done}/${jobs.length} ${job.out}\n` : `barograph: ${problem}\n`)
    }
    await worker.terminate()
  }
  const workers = Array.from(
    { length: Math.min(availableParallelism(), jobs.length) },
    () => new Worker(new URL('offline-worker.ts', import.meta.url)),
  )
  await Promise.all(workers.map(lane))
  return failed === 0 ? 0 : 2
}

/** Two paths to one file; `out` need not be there. */
function isSame(file: string, out: string): boolean {
  const [one, other] = [file, out].map((path) => statSync(path, { throwIfNoEntry: false }))
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev
}

function makeFolder(out: string): void {
  try {
    mkdirSync(out, { recursive: true })
  } catch (error) {
    throw new ServiceError('bad_data', `--out ${out}: the folder cannot be made`, { cause: error })
  }
}

function ask(worker: Worker, job: FileJob): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.once('message', (problem: string) => {
      worker.removeListener('error', reject)
      resolve(problem)
    })
    worker.once('error', reject)
    worker.postMessage(job)
  })
}
