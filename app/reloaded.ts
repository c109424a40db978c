import type { LoadedConfig } from '#core/config/load.ts'

import type { Config } from './config.ts'

/** Keys that are taken over while the process runs. */
const LIVE = ['rules', 'scrape'] as const satisfies readonly (keyof Config)[]

export interface Reloaded {
  /** In force from now on. */
  readonly loaded: LoadedConfig<Config>
  /** Keys that changed and wait for a restart. */
  readonly waiting: readonly string[]
}

/** What a configuration that was read again changes in the one in force. */
export function reloaded(before: LoadedConfig<Config>, next: LoadedConfig<Config>): Reloaded {
  const { rules, scrape } = next.value
  const live = Object.fromEntries(LIVE.map((key) => [key, next.raw[key]]))
  const keys = new Set([...Object.keys(before.raw), ...Object.keys(next.raw)])
  for (const key of LIVE) keys.delete(key)
  const differs = (key: string): boolean => JSON.stringify(before.raw[key]) !== JSON.stringify(next.raw[key])
  return {
    loaded: { ...before, value: { ...before.value, rules, scrape }, raw: { ...before.raw, ...live } },
    waiting: [...keys].filter(differs),
  }
}
