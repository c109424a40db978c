import { open } from 'node:fs/promises'

/** Makes new and renamed files of a folder survive loss of power, where the system can (Windows cannot). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Not every file system opens or syncs folders.
  }
}
