import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { Log } from '#core/ports/log.ts'

import { inputLine, samplesLine } from '../collector/index.ts'
import type { Recorder } from './stages.ts'

export interface Recording extends Recorder {
  close(): void
}

/** Appends to `DIR/input.jsonl`: all that enters, in order of arrival. Throws `ServiceError('bad_config')`. */
export function openRecording(folder: string, log: Log): Recording {
  const file = join(folder, 'input.jsonl')
  let handle: number
  try {
    mkdirSync(folder, { recursive: true })
    handle = openSync(file, 'a')
  } catch (error) {
    throw new ServiceError('bad_config', `--record ${folder}: cannot be written: ${messageOf(error)}`, { cause: error })
  }
  let missing = 0
  let size = fstatSync(handle).size
  /** All of it or nothing. */
  const appendWhole = (line: Buffer): void => {
    try {
      for (let done = 0; done < line.length;) done += writeSync(handle, line, done)
      size += line.length
    } catch (error) {
      ftruncateSync(handle, size)
      throw error
    }
  }
  // A recording is for later: what cannot be taken down is applied all the same.
  const append = (line: () => string): void => {
    try {
      appendWhole(Buffer.from(`${line()}\n`))
      if (missing > 0) log.warn('The recording goes on; inputs are missing in it.', { file, missing })
      missing = 0
    } catch (error) {
      if (missing++ === 0) log.error('An input could not be recorded.', { file, error: messageOf(error) })
    }
  }
  return {
    write: (input) => append(() => inputLine(input)),
    samples: (decoded, definition) => append(() => samplesLine(decoded, definition)),
    close: () => closeSync(handle),
  }
}
