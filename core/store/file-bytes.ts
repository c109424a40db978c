import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import { messageOf, ServiceError } from '../errors.ts'

/** `fs` takes less than 2 GiB at once. */
const READ_BYTES = 1 << 26
/** What a disk reads, or does not, as a whole. */
const PAGE_BYTES = 4096

/** As `fs.readSync`. For tests to fail. */
export type Read = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number | null) => number

/** What is wrong with a file itself, so that the one before may do. */
export class Damaged extends Error {}

/** True where the disk does not give back what it was given: no other reading of it helps. */
function isBad(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EIO'
}

/** Reads so many bytes, from where the last read ended if no place is given. Throws `Damaged` where the file ends before, or cannot be read from the disk. */
export function readInto(fd: number, bytes: Uint8Array, offset?: number, read: Read = readSync): void {
  for (let done = 0; done < bytes.length;) {
    const size = Math.min(READ_BYTES, bytes.length - done)
    const count = orDamaged(() => read(fd, bytes, done, size, offset === undefined ? null : offset + done))
    if (count === 0) throw new Damaged(`it ends ${bytes.length - done} bytes too early`)
    done += count
  }
}

function orDamaged<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isBad(error)) throw error
    throw new Damaged(`the disk cannot read it (${messageOf(error)})`)
  }
}

/** What could be read of a file. Pages that the disk cannot read are zeros, and it is not whole. */
export interface FileBytes {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

/** Reads a file around what the disk cannot read. Throws `ServiceError('unavailable')` where it cannot be read at all. */
export function readAround(path: string, read: Read = readSync): FileBytes {
  try {
    const fd = openSync(path, 'r')
    try {
      return pagesOf(fd, new Uint8Array(fstatSync(fd).size), read)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw new ServiceError('unavailable', `${path} cannot be read`, { cause: error })
  }
}

/** As much at once as can be; a page at a time where that fails. */
function pagesOf(fd: number, bytes: Uint8Array, read: Read): FileBytes {
  let size = READ_BYTES
  let isWhole = true
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(size, bytes.length - done)
    try {
      const count = read(fd, bytes, done, length, done)
      if (count === 0) return { bytes: bytes.subarray(0, done), isWhole }
      done += count
    } catch (error) {
      if (!isBad(error)) throw error
      if (length <= PAGE_BYTES) bytes.fill(0, done, (done += length))
      size = PAGE_BYTES
      isWhole = false
    }
  }
  return { bytes, isWhole }
}

export function readAll(fd: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  readInto(fd, bytes)
  return bytes
}
