import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { lockFolder } from './lock.ts'

const root = mkdtempSync(join(tmpdir(), 'barograph-lock-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a folder that is not there is made, with those above it; its lock goes with who has it', () => {
  const folder = join(root, 'some', 'where')
  const release = lockFolder(folder)
  expect(readdirSync(folder).toSorted()).toEqual(['lock', 'lock.sqlite'])
  release()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
  expect(statSync(join(folder, 'lock.sqlite')).size).toBe(0)
})

test('a folder that cannot be made is told', () => {
  writeFileSync(join(root, 'file'), '')
  const refused = expect.objectContaining({ code: 'bad_config', message: expect.stringContaining('cannot be used') })
  for (const folder of [join(root, 'file'), join(root, 'file', 'below')]) {
    expect(() => lockFolder(folder)).toThrow(ServiceError)
    expect(() => lockFolder(folder)).toThrow(refused)
  }
  expect(() => lockFolder(join(root, 'file'))).toThrow('not a directory')
})

test.skipIf(!existsSync('/proc/self'))('a system folder in which nothing can be made is told, too', () => {
  expect(() => lockFolder('/proc/none/below')).toThrow(/^data: \/proc\/none\/below cannot be used/)
})

test('two processes never have it, whatever the number of either; that of one that was killed is free', async () => {
  const folder = join(root, 'shared')
  const module = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'lock.ts')).href)
  const script = `(await import(${module})).lockFolder(${JSON.stringify(folder)}); console.log('mine'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', script])
  await once(child.stdout, 'data')
  expect(() => lockFolder(folder)).toThrow(`is in use by process ${child.pid}`)
  // As one finds it in a container, where the numbers begin anew.
  writeFileSync(join(folder, 'lock'), String(process.pid))
  expect(() => lockFolder(folder)).toThrow(/is in use/)
  child.kill('SIGKILL')
  await once(child, 'close')
  lockFolder(folder)()
})

test('whoever cannot take its note away lets go all the same', () => {
  const folder = join(root, 'noted')
  mkdirSync(join(folder, 'lock'), { recursive: true })
  const release = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow(/is in use/)
  release()
  lockFolder(folder)()
})
