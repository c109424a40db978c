import { readSync } from 'node:fs'

/** `fs` takes less than 2 GiB at once. */
const READ_BYTES = 1 << 26

/** What is wrong with a file itself, so that the one before may do. */
export class Damaged extends Error {}

/** Reads so many bytes, from where the last read ended if no place is given. Throws `Damaged` where the file ends before. */
export function readInto(fd: number, bytes: Uint8Array, offset?: number): void {
  for (let done = 0; done < bytes.length;) {
    const size = Math.min(READ_BYTES, bytes.length - done)
    const read = readSync(fd, bytes, done, size, offset === undefined ? null : offset + done)
    if (read === 0) throw new Damaged(`it ends ${bytes.length - done} bytes too early`)
    done += read
  }
}

export function readAll(fd: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  readInto(fd, bytes)
  return bytes
}
