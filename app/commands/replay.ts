import { readArguments, usageError } from '../arguments.ts'
import type { Command } from '../command.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from '../configured.ts'
import { rulePaths } from '../rules.ts'

export const replay: Command = {
  name: 'replay',
  summary: 'run recorded input through the engine: what it would have found',
  help: `
Usage: barograph replay CAPTURE [OPTIONS]

CAPTURE is a file or a folder: input.jsonl as serve --record writes it, or *.jsonl[.gz] with a request of OTLP/JSON a line, as the Collector's file exporter
writes them. Prints JSON {findings, incidents, changes, alerts, messages, counts}; the same capture gives the same bytes.

${CONFIG_HELP}
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, CONFIG_OPTIONS)
    const [capture] = positionals
    if (capture === undefined || positionals.length > 1)
      throw usageError('which capture? one file or folder; see --help')
    const { value, folder } = readConfig(values)
    const { replayCapture } = await import('../replay.ts')
    const replayed = await replayCapture({
      config: value,
      rulePaths: rulePaths(value.rules, folder),
      capture,
      onProgress: (inputs) => terminal.err(`${inputs} inputs\n`),
    })
    await terminal.out(`${JSON.stringify(replayed, null, 2)}\n`)
    return 0
  },
}
