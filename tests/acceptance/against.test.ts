// Two configurations on one capture, as a review of rules in CI runs them.
import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { seeded } from '#core/random.ts'

const BIN = join(import.meta.dirname, '../../bin/barograph.js')
const START = Date.UTC(2026, 0, 5)
const MINUTE = 60_000

interface Told {
  readonly same: boolean
  readonly findings: Readonly<Record<'added' | 'removed', readonly Readonly<Record<string, unknown>>[]>> & {
    readonly moved: readonly { readonly changed: readonly string[] }[]
  }
  readonly incidents: Readonly<Record<'added' | 'removed' | 'moved', readonly unknown[]>>
}

/** Ten hours of a gauge a minute that is wrong for five minutes at the end of the ninth. */
function capture(): string {
  const random = seeded(4)
  return Array.from({ length: 600 }, (_, minute) => {
    const asDouble = minute >= 540 && minute < 545 ? 400 : 100 + 4 * random()
    const points = [{ timeUnixNano: `${START + minute * MINUTE}000000`, asDouble }]
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
    const scopeMetrics = [{ metrics: [{ name: 'orders', gauge: { dataPoints: points } }] }]
    return JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics }] })
  }).join('\n')
}

const rules = (lasting: string, severity: string): string => `
groups:
  - name: shop
    rules:
      - { anomaly: Orders, expr: orders, for: ${lasting}, labels: { severity: ${severity} } }
`

function barograph(cwd: string, ...args: readonly string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd, maxBuffer: 2 ** 26 }, (error, out) => {
      resolve({ code: error === null ? 0 : Number(error.code), out })
    })
  })
}

test('replay --against tells what another configuration would find, with an exit code for CI', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'barograph-against-'))
  const write = (name: string, content: string): void => writeFileSync(join(folder, name), content)
  write('shop.jsonl', capture())
  for (const [name, lasting, severity] of [
    ['a', '0s', 'warning'],
    ['same', '0s', 'warning'],
    ['patient', '30m', 'warning'],
    ['loud', '0s', 'critical'],
  ] as const) {
    write(`${name}-rules.yml`, rules(lasting, severity))
    write(`${name}.yml`, `rules: [${name}-rules.yml]\n`)
  }
  const against = (other: string) =>
    barograph(folder, 'replay', 'shop.jsonl', '--config', 'a.yml', '--against', `${other}.yml`)
  const [same, patient, loud, again] = await Promise.all([
    against('same'),
    against('patient'),
    against('loud'),
    against('loud'),
  ])
  expect(same.code).toBe(0)
  expect(JSON.parse(same.out)).toMatchObject({ same: true, counts: { before: { findings: 1, incidents: 1 } } })

  expect(patient.code).toBe(1)
  const gone = JSON.parse(patient.out) as Told
  expect(gone.findings.removed).toMatchObject([{ rule: 'Orders', since: '2026-01-05T09:00:00.000Z', kind: 'spike' }])
  expect([gone.findings.added, gone.incidents.removed.length]).toEqual([[], 1])

  expect(loud.code).toBe(1)
  const changed = JSON.parse(loud.out) as Told
  expect(changed.findings.moved.map((one) => one.changed)).toEqual([['severity']])
  expect(changed.incidents.moved).toHaveLength(1)
  expect(again.out).toBe(loud.out)
})
