import { open } from 'node:fs/promises'

/** Makes a file, or the new and renamed files of a folder, survive loss of power, where the system can (of folders Windows cannot). */
export async function synced(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Not every file system opens or syncs folders.
  }
}
