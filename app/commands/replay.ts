import { readArguments, usageError } from '../arguments.ts'
import type { Command, Terminal } from '../command.ts'
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from '../configured.ts'
import type { Replayed } from '../replay.ts'
import { rulePaths } from '../rules.ts'

export const replay: Command = {
  name: 'replay',
  summary: 'run recorded input through the engine: what it would have found',
  help: `
Usage: barograph replay CAPTURE [OPTIONS]

CAPTURE is a file or a folder: input.jsonl as serve --record writes it, or *.jsonl[.gz] with a request of OTLP/JSON a line, as the Collector's file exporter
writes them. Prints JSON {findings, incidents, changes, alerts, messages, counts}; the same capture gives the same bytes.

${CONFIG_HELP}
  --against FILE    another configuration: prints what of findings and incidents it would add, remove and move (since, until, kind, severity);
                    exit code 1 where it would do any of that, 0 where both say the same. --set holds for both
`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { ...CONFIG_OPTIONS, against: { type: 'string' } })
    const [capture] = positionals
    if (capture === undefined || positionals.length > 1)
      throw usageError('which capture? one file or folder; see --help')
    // Both are read before the first is run: a mistake in the other one is told at once.
    const own = readConfig(values)
    const other = values.against === undefined ? undefined : readConfig({ ...values, config: values.against })
    const before = await replayed(own, capture, terminal)
    if (other === undefined) {
      await terminal.out(`${JSON.stringify(before, null, 2)}\n`)
      return 0
    }
    const after = await replayed(other, capture, terminal)
    const { replayDifference } = await import('../replay-difference.ts')
    const difference = replayDifference(before, after)
    await terminal.out(`${JSON.stringify(difference, null, 2)}\n`)
    return difference.same ? 0 : 1
  },
}

async function replayed(
  { value, folder }: ReturnType<typeof readConfig>,
  capture: string,
  terminal: Terminal,
): Promise<Replayed> {
  const { replayCapture } = await import('../replay.ts')
  return replayCapture({
    config: value,
    rulePaths: rulePaths(value.rules, folder),
    capture,
    onProgress: (inputs) => terminal.err(`${inputs} inputs\n`),
  })
}
