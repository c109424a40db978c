// A disk that is full: what senders are told, and that everything comes back by itself. On a small file system of its own.
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Log } from '#core/ports/log.ts'

import { Barograph, BEGIN, MINUTE, SECOND } from './barograph.ts'
import { gauges, logs } from './shop.ts'

const SIZE = 8 * 2 ** 20
const RULES = `
groups:
  - name: tests
    interval: 1s
    rules:
      - alert: High
        expr: level > 100
      - alert: Gone
        expr: absent(level)
        for: 30s
`

/** Mounts a tmpfs; the reason where that is not possible here. */
function mounted(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `a small file system cannot be mounted here: ${String(error).split('\n')[0]}`
  }
}

function unmounted(folder: string): void {
  execFileSync('umount', ['-l', folder])
}

const probe = mkdtempSync(join(tmpdir(), 'barograph-disk-'))
const reason = mounted(probe)
if (reason === undefined) unmounted(probe)
rmSync(probe, { recursive: true })

describe.skipIf(reason !== undefined)(`a full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let data: string
  let said: string[]
  let running: Barograph | undefined
  const log: Log = {
    debug() {},
    info: (message) => said.push(message),
    warn: (message) => said.push(message),
    error: (message) => said.push(message),
  }

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'barograph-disk-'))
    mounted(data)
    said = []
  })
  afterEach(async () => {
    await running?.stop()
    running = undefined
    unmounted(data)
    rmSync(data, { recursive: true })
  })

  let now_ms = BEGIN
  async function started(reserve: string): Promise<Barograph> {
    const set = [`limits.disk_reserve=${reserve}`]
    running = await Barograph.start({ rules: RULES, data, log, set, begin_ms: now_ms })
    return running
  }

  async function stopped(barograph: Barograph): Promise<void> {
    now_ms = barograph.now_ms
    running = undefined
    await barograph.stop()
  }

  /** Takes all room but `left` bytes. */
  function fill(left = 0): void {
    const { bavail, bsize } = statfsSync(data)
    const size = bavail * bsize - left
    try {
      writeFileSync(join(data, 'filler'), new Uint8Array(Math.max(0, size)))
    } catch {
      // The file system keeps some for itself; it is full now.
    }
  }

  const free = (): void => rmSync(join(data, 'filler'))
  const post = (barograph: Barograph, value = 1): Promise<Response> =>
    barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, { shop: value }))

  async function count(barograph: Barograph): Promise<number> {
    const parameters = new URLSearchParams({
      query: 'count_over_time(level{service_name="shop"}[1h])',
      time: String(barograph.now_ms / 1000),
    })
    const answer = await barograph.get<{ data: { result: { value: [number, string] }[] } }>(
      `/api/v1/query?${parameters.toString()}`,
    )
    return Number(answer.data.result[0]?.value[1] ?? 0)
  }

  test.each([
    ['with a reserve, before it is quite full', '1MiB', 2 ** 19],
    ['without one, when writing fails', '0', 0],
  ])(
    '%s: inputs are to come again, the process lives, queries answer; it goes on by itself',
    async (_, reserve, left) => {
      const barograph = await started(reserve)
      let taken = 0
      const offer = async (): Promise<number> => {
        const { status } = await post(barograph)
        if (status === 200) taken++
        return status
      }
      await barograph.pass(10 * SECOND, async () => void (await offer()))
      expect(taken).toBe(10)
      fill(left)
      // Room that was allocated may take a few small records yet.
      let status = 200
      for (let i = 0; i < 400 && status === 200; i++) {
        await barograph.pass(SECOND)
        status = await offer()
      }
      const refused = await post(barograph)
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
      const body = logs('shop', barograph.now_ms, 9, ['a failure'])
      expect((await barograph.post('/v1/logs', body)).status).toBe(503)
      const change = await barograph.send('/api/v1/changes', { kind: 'deploy', title: 'v2' })
      expect([change.status, change.headers.get('retry-after')]).toEqual([503, '1'])
      said = []
      await barograph.pass(2 * MINUTE, async () => {
        expect((await post(barograph)).status).toBe(503)
      })
      expect(said).toEqual([])
      expect(await count(barograph)).toBe(taken)
      // What was refused is not absent.
      const active = await barograph.get<{ data: { alerts: unknown[] } }>('/api/v1/alerts')
      expect(active.data.alerts).toEqual([])

      free()
      await barograph.pass(5 * SECOND)
      expect(await offer()).toBe(200)
      expect(said.join()).toMatch(/again/)
      await barograph.pass(SECOND)
      await barograph.pass(10 * SECOND, async () => void (await offer()))
      expect(await count(barograph)).toBe(taken)
      await stopped(barograph)

      // No half records: all that was acknowledged is there.
      said = []
      const again = await started(reserve)
      expect(await count(again)).toBe(taken)
      expect(said.filter((message) => /damaged|cut off|missing/.test(message))).toEqual([])
    },
  )

  test('a crash while it is full loses nothing, and a start on it waits for room', async () => {
    const barograph = await started('0')
    let taken = 0
    await barograph.pass(10 * SECOND, async () => {
      if ((await post(barograph)).status === 200) taken++
    })
    fill()
    while ((await post(barograph)).status === 200) {
      taken++
      await barograph.pass(SECOND)
    }
    // Without room for a checkpoint the journal is kept.
    await stopped(barograph)
    expect(readdirSync(join(data, 'state')).filter((name) => name.endsWith('.tmp'))).toEqual([])
    const full = await started('0')
    expect(await count(full)).toBe(taken)
    expect((await post(full)).status).toBe(503)
    free()
    await full.pass(2 * SECOND)
    expect((await post(full)).status).toBe(200)
    expect(await count(full)).toBe(taken + 1)
  })

  test('a checkpoint that finds no room is said once, tried again later, and leaves no half file', async () => {
    running = await Barograph.start({
      rules: RULES,
      data,
      log,
      set: ['limits.disk_reserve=0', 'limits.journal=1KiB'],
      begin_ms: now_ms,
    })
    const barograph = running
    // What is left of the page of the journal is enough for it.
    fill()
    await barograph.pass(3 * MINUTE, async () => void (await post(barograph)))
    expect(said.filter((message) => message.startsWith('no checkpoint'))).toHaveLength(1)
    free()
    await barograph.pass(2 * MINUTE, async () => void (await post(barograph)))
    expect(said.join()).toContain('a checkpoint is written again')
    await stopped(barograph)
    expect(readdirSync(join(data, 'state')).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('incidents that cannot be written are kept and written later', async () => {
    const barograph = await started('0')
    await barograph.pass(15 * SECOND, async () => void (await post(barograph)))
    fill()
    await barograph.pass(20 * SECOND, async () => void (await post(barograph, 500)))
    free()
    await barograph.pass(30 * SECOND, async () => void (await post(barograph, 500)))
    const kept = await barograph.get<{ incidents: { alerts: { rule: string }[] }[] }>('/api/v1/incidents')
    expect(kept.incidents.flatMap(({ alerts }) => alerts)).toMatchObject([{ rule: 'High' }])
    await stopped(barograph)
    const again = await started('0')
    expect(await again.get('/api/v1/incidents')).toEqual(kept)
  })
})

/** Makes a folder such that nothing in it can be written, even by root; the reason where that is not possible here. */
function sealed(folder: string, on = true): string | undefined {
  try {
    execFileSync('chattr', ['-R', on ? '+i' : '-i', folder], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `files cannot be made immutable here: ${String(error).split('\n')[0]}`
  }
}

const sealable = mkdtempSync(join(tmpdir(), 'barograph-disk-'))
const unsealable = sealed(sealable)
if (unsealable === undefined) sealed(sealable, false)
rmSync(sealable, { recursive: true })

describe.skipIf(unsealable !== undefined)(
  `a journal that nobody may write${unsealable === undefined ? '' : ` (skipped: ${unsealable})`}`,
  () => {
    const said: string[] = []
    const note = (message: string): void => void said.push(message)
    const log: Log = { debug() {}, info: note, warn: note, error: note }
    const data = mkdtempSync(join(tmpdir(), 'barograph-disk-'))
    const journal = join(data, 'state/journal')
    let running: Barograph | undefined
    const post = (barograph: Barograph): Promise<Response> =>
      barograph.post('/v1/metrics', gauges('level', '', barograph.now_ms, { shop: 1 }))
    afterEach(async () => {
      sealed(journal, false)
      await running?.stop()
      rmSync(data, { recursive: true })
    })

    test('inputs are to come again, queries answer, a start on it is ready; when it may be written all goes on', async () => {
      const set = ['limits.journal=1KiB']
      running = await Barograph.start({ rules: RULES, data, log, set })
      await running.pass(5 * SECOND, async () => expect((await post(running!)).status).toBe(200))
      const stored = async (): Promise<number> => {
        const query = encodeURIComponent('count_over_time(level[1h])')
        const { data: found } = await running!.get<{ data: { result: { value: [number, string] }[] } }>(
          `/api/v1/query?query=${query}&time=${running!.now_ms / 1000}`,
        )
        return Number(found.result[0]?.value[1] ?? 0)
      }
      sealed(journal)
      await running.pass(MINUTE, async () => expect((await post(running!)).status).toBe(503))
      expect(said.filter((message) => /cannot be written/.test(message))).toHaveLength(1)
      expect(await stored()).toBe(5)
      expect((await fetch(`${running.service.apiUrl}/-/ready`)).status).toBe(200)

      // As after a crash in the middle of a record, where not even its half can be cut off.
      const begin_ms = running.now_ms
      sealed(journal, false)
      const crashed = running.diskNow()
      await running.stop()
      rmSync(join(data, 'state'), { recursive: true })
      cpSync(join(crashed, 'state'), join(data, 'state'), { recursive: true })
      const [newest] = readdirSync(journal).toSorted().toReversed()
      appendFileSync(join(journal, newest!), Buffer.from([100, 0, 0, 0, 1, 2, 3]))
      sealed(journal)
      running = await Barograph.start({ rules: RULES, data, log, set, begin_ms })
      expect(await stored()).toBe(5)
      expect((await post(running)).status).toBe(503)
      sealed(journal, false)
      await running.pass(2 * SECOND)
      expect((await post(running)).status).toBe(200)
      expect(await stored()).toBe(6)
    })
  },
)
