import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { ServiceError } from '#core/errors.ts'

import { lockFolder } from './lock.ts'

const root = mkdtempSync(join(tmpdir(), 'barograph-lock-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a folder that is not there is made, with those above it; its lock goes with who has it', () => {
  const folder = join(root, 'some', 'where')
  const release = lockFolder(folder)
  expect(existsSync(join(folder, 'lock'))).toBe(true)
  release()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})

test('a folder that cannot be made is told', () => {
  writeFileSync(join(root, 'file'), '')
  const refused = expect.objectContaining({ code: 'bad_config', message: expect.stringContaining('cannot be used') })
  for (const folder of [join(root, 'file'), join(root, 'file', 'below')]) {
    expect(() => lockFolder(folder)).toThrow(ServiceError)
    expect(() => lockFolder(folder)).toThrow(refused)
  }
})

test.skipIf(!existsSync('/proc/self'))('a system folder in which nothing can be made is told, too', () => {
  expect(() => lockFolder('/proc/none/below')).toThrow(/^data: \/proc\/none\/below cannot be used/)
})
