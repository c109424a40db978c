import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes new and renamed files of a folder survive loss of power, where the system can (Windows cannot). */
export function syncFolder(folder: string): void {
  let fd: number
  try {
    fd = openSync(folder, 'r')
  } catch {
    return
  }
  try {
    fsyncSync(fd)
  } catch {
    // Not every file system syncs folders.
  } finally {
    closeSync(fd)
  }
}
