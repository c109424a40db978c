// A producer that is not ours: librdkafka's, by `kcat`.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

const { error, stdout } = spawnSync('kcat', ['-V'], { encoding: 'utf8' })
const features = /builtin\.features=([\w,]+)/.exec(stdout ?? '')?.[1]?.split(',') ?? []

/** Why there is no `kcat` here; '' where there is. */
export const NO_KCAT = error === undefined ? '' : 'needs kcat'

/** Those that the `kcat` of this machine can write; none where it has no `kcat`. */
export const CODECS: readonly Codec[] = (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const).filter((codec) => {
  return NO_KCAT === '' && (codec === 'none' || features.includes(codec))
})

/** Writes these values as records, in one batch if it is packed, to one partition. */
export async function kcat(brokers: string, topic: string, codec: Codec, values: readonly (Uint8Array | string)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'kcat-'))
  try {
    const files = values.map((_, i) => join(folder, String(i)))
    await Promise.all(files.map((file, i) => writeFile(file, values[i]!)))
    const settings = ['linger.ms=50', 'batch.size=900000', 'message.max.bytes=900000'].flatMap((text) => ['-X', text])
    await promisify(execFile)('kcat', ['-P', '-b', brokers, '-t', topic, '-p', '0', '-z', codec, ...settings, ...files])
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Writes each line as a record, as many as there are in one batch. */
export async function kcatLines(brokers: string, topic: string, codec: Codec, lines: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'kcat-'))
  try {
    const file = join(folder, 'lines')
    await writeFile(file, lines.map((line) => `${line}\n`).join(''))
    const most = {
      'batch.num.messages': 1_000_000,
      'queue.buffering.max.messages': 1_000_000,
      'batch.size': 900_000_000,
    }
    const settings = Object.entries({ ...most, 'linger.ms': 2000, 'message.max.bytes': 100_000_000 })
    const options = settings.flatMap(([key, value]) => ['-X', `${key}=${value}`])
    await promisify(execFile)('kcat', [
      '-P',
      '-b',
      brokers,
      '-t',
      topic,
      '-p',
      '0',
      '-z',
      codec,
      ...options,
      '-l',
      file,
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The texts of a topic, by partition, in their order. */
export async function contentOf(brokers: string, topic: string): Promise<Map<number, string[]>> {
  const { stdout: text } = await promisify(execFile)('kcat', [
    '-C',
    '-b',
    brokers,
    '-t',
    topic,
    '-e',
    '-q',
    '-f',
    '%p %s\n',
  ])
  const content = new Map<number, string[]>()
  for (const line of text.split('\n').filter((part) => part !== '')) {
    const [, partition, value] = /^(\d+) (.*)$/.exec(line)!
    content.set(Number(partition), [...(content.get(Number(partition)) ?? []), value!])
  }
  return content
}
