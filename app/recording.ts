import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { messageOf, ServiceError } from '#core/errors.ts'
import type { Input } from '#core/ports/intake.ts'

import { inputLine } from '../collector/index.ts'
import type { Recorder } from './stages.ts'

export interface Recording extends Recorder {
  close(): void
}

/** Appends to `DIR/input.jsonl`: all that enters, in order of arrival. Throws `ServiceError('bad_config')`. */
export function openRecording(folder: string): Recording {
  const file = join(folder, 'input.jsonl')
  let handle: number
  try {
    mkdirSync(folder, { recursive: true })
    handle = openSync(file, 'a')
  } catch (error) {
    throw new ServiceError('bad_config', `--record ${folder}: cannot be written: ${messageOf(error)}`, { cause: error })
  }
  return {
    write(input: Input) {
      writeSync(handle, `${inputLine(input)}\n`)
    },
    close: () => closeSync(handle),
  }
}
