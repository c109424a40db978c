import { expect, test } from 'vitest'

import { loadConfig, type LoadedConfig } from '#core/config/load.ts'

import { type Config, configSchema, DEFAULTS } from './config.ts'
import { reloaded } from './reloaded.ts'

function config(...overrides: readonly string[]): LoadedConfig<Config> {
  return loadConfig({ schema: configSchema, defaults: DEFAULTS, overrides, environment: {} })
}

test('rules and scrape jobs are taken over, all else waits for a restart and is named', () => {
  const before = config('retention.samples=1d', 'rules=[a]')
  const next = config('retention.samples=2d', 'rules=[b]', 'scrape=[{job: a, targets: [b]}]', 'language=zh')
  const { loaded, waiting } = reloaded(before, next)
  expect(waiting.toSorted()).toEqual(['language', 'retention'])
  expect(loaded.value).toEqual({ ...before.value, rules: next.value.rules, scrape: next.value.scrape })
  expect(loaded.raw).toEqual({ ...before.raw, rules: next.raw['rules'], scrape: next.raw['scrape'] })
  expect(reloaded(before, before)).toEqual({ loaded: before, waiting: [] })
})
