// What runs in WebAssembly is checked in beside its source.
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const configs = globSync('{collector,core}/**/kernel/asconfig.json', { cwd: ROOT })

function parsed(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}

test('`npm run kernel` compiles all of them', () => {
  const { kernel } = (parsed('package.json') as { scripts: { kernel: string } }).scripts
  expect(kernel.split(' && ').toSorted()).toEqual(configs.map((path) => `asc --config ${path}`).toSorted())
})

test.each(configs)('what is checked in is what its source compiles to: %s', (config) => {
  const { outFile } = (parsed(config) as { options: { outFile: string } }).options
  const folder = mkdtempSync(join(tmpdir(), 'kernel-'))
  const file = join(folder, outFile)
  const compiler = join(ROOT, 'node_modules/assemblyscript/bin/asc.js')
  try {
    execFileSync(process.execPath, [compiler, '--config', config, '--outFile', file], { cwd: ROOT })
    const kept = readFileSync(join(ROOT, dirname(config), outFile))
    expect(readFileSync(file).equals(kept), '`npm run kernel` compiles it').toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
