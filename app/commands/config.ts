import { stringify } from 'yaml'

import { readOptions } from '../arguments.ts'
import type { Command } from '../command.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from '../configured.ts'

export const config: Command = {
  name: 'config',
  summary: 'print the configuration in force, secrets as <secret>',
  help: `
Usage: barograph config [OPTIONS]

Prints every key with the value in force, as YAML.

${CONFIG_HELP}
`,
  async run(args, terminal) {
    const values = readOptions(args, CONFIG_OPTIONS)
    await terminal.out(stringify(readConfig(values).raw))
    return 0
  },
}
