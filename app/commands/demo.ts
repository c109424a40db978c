import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '#core/clock.ts'
import { loadConfig } from '#core/config/load.ts'

import { readOptions, usageError } from '../arguments.ts'
import type { Command } from '../command.ts'
import { configSchema, DEFAULTS } from '../config.ts'

export const demo: Command = {
  name: 'demo',
  summary: 'run a small shop with a fault, and watch it',
  help: `
Usage: barograph demo [OPTIONS]

Writes ten days of a small shop's history into a temporary folder, runs the shop live, and after a minute deploys a slow database. In under three
minutes there is an incident that names it, an alert, and a replica hint. Goes on until Ctrl-C.

  --days N          days of history (10)
  --calm SECONDS    from the opening to the deploy (60)
  --once            end when the story is told
  --set KEY=VALUE   configuration, for example --set listen.http=17300
`,
  async run(args, terminal) {
    const values = readOptions(args, {
      days: { type: 'string', default: '10' },
      calm: { type: 'string', default: '60' },
      once: { type: 'boolean', default: false },
      set: { type: 'string', multiple: true },
    })
    const days = numberOf('days', values.days)
    const calm_ms = numberOf('calm', values.calm) * 1000
    const data = mkdtempSync(join(tmpdir(), 'barograph-demo-'))
    process.once('exit', () => rmSync(data, { recursive: true, force: true }))
    const defaults = { ...DEFAULTS, data }
    const loaded = loadConfig({ schema: configSchema, defaults, overrides: values.set ?? [] })
    const [{ progressLine, SHOP_RULES, tell }, { startService }] = await Promise.all([
      import('../../demo/index.ts'),
      import('../running.ts'),
    ])
    const running = await startService({ loaded, level: 'warn', moreRules: [SHOP_RULES] })
    const { apiUrl, otlpUrl } = running.service
    const abort = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abort.abort())
    await terminal.out(`Barograph demo: console ${apiUrl}/\n`)
    const line = progressLine((text) => terminal.err(text), process.stderr.isTTY)
    const progress = {
      ...line,
      done(lines: readonly string[]) {
        line.done(values.once ? lines : [...lines, 'The shop goes on until Ctrl-C.'])
        if (values.once) abort.abort()
      },
    }
    const outcome = await tell({
      api_url: apiUrl,
      otlp_url: otlpUrl,
      days,
      calm_ms,
      progress,
      signal: abort.signal,
      now_ms: () => systemClock.now_ms(),
    })
    await running.stop()
    return values.once && outcome.incident?.cause !== 'payments-db' ? 1 : 0
  },
}

function numberOf(option: string, text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && number >= 0 && Number.isFinite(number)) return number
  throw usageError(`--${option} ${text}: expected a number from 0`)
}
