import { existsSync } from 'node:fs'

import { loadConfig, type LoadedConfig } from '#core/config/load.ts'

import { type Config, configSchema, DEFAULTS } from './config.ts'

const DEFAULT_FILE = 'barograph.yml'

/** The options of every command that reads the configuration. */
export const CONFIG_OPTIONS = {
  config: { type: 'string' },
  set: { type: 'string', multiple: true },
} as const

export const CONFIG_HELP = `  --config FILE     configuration; else ./${DEFAULT_FILE} where there is one, else the defaults
  --set KEY=VALUE   one key of it, for example --set listen.http=17300; repeatable, the value is YAML`

export interface ConfigArguments {
  readonly config?: string | undefined
  readonly set?: readonly string[] | undefined
}

/** What is in force; throws `bad_config` with every problem. */
export function readConfig({ config, set }: ConfigArguments): LoadedConfig<Config> {
  const file = config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined)
  return loadConfig({ schema: configSchema, defaults: DEFAULTS, file, overrides: set ?? [] })
}
