import { readOptions } from '../arguments.ts'
import type { Command } from '../command.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from '../configured.ts'
import { holdYoungGeneration } from '../heap.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'take in telemetry and watch it (the default)',
  help: `
Usage: barograph [serve] [OPTIONS]

Takes in telemetry, watches it by the rules, answers on the API and the console. SIGTERM and Ctrl-C drain and save; SIGHUP reads
rules and scrape jobs again.

${CONFIG_HELP}
  --record DIR      take down all that enters in DIR/input.jsonl, for barograph replay
  --log LEVEL       debug, info, warn (default) or error: lines of JSON on standard error
`,
  async run(args, terminal) {
    const values = readOptions(args, {
      ...CONFIG_OPTIONS,
      record: { type: 'string' },
      log: { type: 'string', default: 'warn' },
    })
    holdYoungGeneration()
    // Loaded when it is wanted: it takes longer than most offline commands.
    const { greeting, startService, untilStopped } = await import('../running.ts')
    const reread = () => readConfig(values)
    const running = await startService({ loaded: reread(), reread, record: values.record, level: values.log })
    // Listened to first: who reads that it runs may stop it at once.
    const stopped = untilStopped(running, terminal)
    await terminal.out(greeting(running))
    await stopped
    return 0
  },
}
