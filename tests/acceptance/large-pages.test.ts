// How the server starts itself again in an environment that asks for large pages.
import { readFileSync } from 'node:fs'

import { afterEach, describe, expect, test } from 'vitest'

import { inLargePages } from '../../bin/large-pages.js'
import { endAll, Server } from '../interop/process/barograph.ts'

describe('an environment with large pages', () => {
  test('asks glibc for them, beside what else is asked of it', () => {
    expect(inLargePages({ HOME: '/root' }, 'linux')).toEqual({
      HOME: '/root',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    })
    const { GLIBC_TUNABLES } = inLargePages({ GLIBC_TUNABLES: 'glibc.malloc.arena_max=2' }, 'linux')
    expect(GLIBC_TUNABLES).toBe('glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1')
  })

  test('is the one given where that says something of them, and where there is no glibc', () => {
    const without = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' }
    expect(inLargePages(without, 'linux')).toBe(without)
    const mac = {}
    expect(inLargePages(mac, 'darwin')).toBe(mac)
  })
})

describe.skipIf(process.platform !== 'linux')('a server on Linux', () => {
  afterEach(endAll)

  test('starts itself again in that environment: the same process, with the same command line', async () => {
    const server = await Server.start({ rules: 'groups: []' })
    const { pid } = server
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    expect(environment.find((one) => one.startsWith('GLIBC_TUNABLES='))).toContain('glibc.malloc.hugetlb=1')
    const [, program, command] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    expect([program, command]).toEqual([expect.stringMatching(/bin\/barograph\.js$/), 'serve'])
    expect(await server.stop()).toBe(0)
  })
})
