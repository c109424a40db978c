import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { FolderLock } from './lock.ts'

const root = mkdtempSync(join(tmpdir(), 'barograph-lock-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a folder that is not there is made, with those above it; its lock goes with who has it', () => {
  const folder = join(root, 'some', 'where')
  const lock = new FolderLock(folder)
  expect(readdirSync(folder).toSorted()).toEqual(['lock', 'lock.sqlite'])
  lock.release()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
  expect(statSync(join(folder, 'lock.sqlite')).size).toBe(0)
})

test('a folder that cannot be made is told', () => {
  writeFileSync(join(root, 'file'), '')
  const refused = expect.objectContaining({ code: 'bad_config', message: expect.stringContaining('cannot be used') })
  for (const folder of [join(root, 'file'), join(root, 'file', 'below')]) {
    expect(() => new FolderLock(folder)).toThrow(ServiceError)
    expect(() => new FolderLock(folder)).toThrow(refused)
  }
  expect(() => new FolderLock(join(root, 'file'))).toThrow('not a directory')
})

test.skipIf(!existsSync('/proc/self'))('a system folder in which nothing can be made is told, too', () => {
  expect(() => new FolderLock('/proc/none/below')).toThrow(/^data: \/proc\/none\/below cannot be used/)
})

test('two processes never have it, whatever the number of either; that of one that was killed is free', async () => {
  const folder = join(root, 'shared')
  const module = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'lock.ts')).href)
  const script = `globalThis.lock = new (await import(${module})).FolderLock(${JSON.stringify(folder)}); console.log('mine'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', script])
  await once(child.stdout, 'data')
  expect(() => new FolderLock(folder)).toThrow(`is in use by process ${child.pid}`)
  // As one finds it in a container, where the numbers begin anew.
  writeFileSync(join(folder, 'lock'), String(process.pid))
  expect(() => new FolderLock(folder)).toThrow(/is in use/)
  child.kill('SIGKILL')
  await once(child, 'close')
  new FolderLock(folder).release()
})

test('whoever cannot take its note away lets go all the same', () => {
  const folder = join(root, 'noted')
  mkdirSync(join(folder, 'lock'), { recursive: true })
  const lock = new FolderLock(folder)
  expect(() => new FolderLock(folder)).toThrow(/is in use/)
  lock.release()
  new FolderLock(folder).release()
})

test('a file that is deleted is made again, unless another was faster: then the folder is his', () => {
  const folder = join(root, 'deleted')
  const first = new FolderLock(folder)
  expect(first.keep()).toBeUndefined()
  rmSync(join(folder, 'lock.sqlite'))
  expect(first.keep()).toBe('again')
  expect(first.keep()).toBeUndefined()
  expect(() => new FolderLock(folder)).toThrow(/is in use/)
  rmSync(join(folder, 'lock.sqlite'))
  const second = new FolderLock(folder)
  expect(() => first.keep()).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(second.keep()).toBeUndefined()
  first.release()
  second.release()
})

test('a file that is damaged is none: nobody has it', () => {
  const folder = join(root, 'damaged')
  mkdirSync(folder)
  writeFileSync(join(folder, 'lock.sqlite'), 'no database, and longer than its header would be. '.repeat(100))
  new FolderLock(folder).release()
  expect(statSync(join(folder, 'lock.sqlite')).size).toBe(0)
})
