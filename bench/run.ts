// npm run bench -- NAME [options]: one JSON line a figure. A benchmark is a file of this folder that exports `bench`.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const NOT_ALONE = new Set([
  'run',
  'collector',
  'loop-delay',
  'measure',
  'payload',
  'prometheus',
  'sender',
  'write-sender',
])
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !NOT_ALONE.has(name))

const [name = '', ...args] = process.argv.slice(2)
if (names.includes(name)) {
  const { bench } = (await import(join(import.meta.dirname, `${name}.ts`))) as {
    bench: (args: readonly string[]) => Promise<void>
  }
  await bench(args)
} else {
  process.stderr.write(`npm run bench -- NAME; there are: ${names.join(', ')}\n`)
  process.exitCode = 2
}
