import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

import { messageOf, ServiceError } from '#core/errors.ts'

import { detectCsv, type DetectOptions, forecastCsv, type ForecastCsvOptions } from '../detectors/index.ts'

/** One file for a command that works on files: what to do with it, and where to put the lines. */
export type FileJob =
  | { readonly kind: 'detect'; readonly file: string; readonly out: string; readonly options: DetectOptions }
  | { readonly kind: 'forecast'; readonly file: string; readonly out: string; readonly options: ForecastCsvOptions }

export async function readText(file: string): Promise<string> {
  try {
    const stream = createReadStream(file)
    return await text(file.endsWith('.gz') ? stream.pipe(createGunzip()) : stream)
  } catch (error) {
    throw new ServiceError('bad_data', `${file}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** The lines of the output; throws `ServiceError('bad_data')` naming file and line. */
export async function linesOf(job: Omit<FileJob, 'out'>): Promise<Iterable<string>> {
  const content = await readText(job.file)
  if (job.kind === 'detect') return detectCsv(content, job.file, job.options as DetectOptions)
  return forecastCsv(content, job.file, job.options as ForecastCsvOptions)
}

function* withNewlines(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`
}

/** Writes the output of one file, all of it or none. */
export async function runJob(job: FileJob): Promise<void> {
  const lines = await linesOf(job)
  const unfinished = `${job.out}.part`
  try {
    await pipeline(Readable.from(withNewlines(lines)), createWriteStream(unfinished))
    renameSync(unfinished, job.out)
  } catch (error) {
    rmSync(unfinished, { force: true })
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new ServiceError('bad_data', `${job.out}: cannot be written`, { cause: error })
  }
}
