import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Tests, and the processes that they start, make their temporary folders in one of this run, which goes with it, broken off or not: called by
 * vitest.
 */
export function setup(): void {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-tests-'))
  process.env['TMPDIR'] = folder
  // A process that was killed may still be writing.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
}
