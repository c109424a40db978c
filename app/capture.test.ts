import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { captureFiles, readCapture } from './capture.ts'

const folder = (files: Readonly<Record<string, string | Buffer>>): string => {
  const path = mkdtempSync(join(tmpdir(), 'barograph-capture-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

const metrics = (time_ms: number): string =>
  JSON.stringify({
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [{ name: 'a', gauge: { dataPoints: [{ timeUnixNano: `${time_ms}000000`, asDouble: 1 }] } }] },
        ],
      },
    ],
  })

async function read(path: string): Promise<string[]> {
  const seen: string[] = []
  for await (const { input, time_ms } of readCapture(captureFiles(path))) seen.push(`${input.kind} ${time_ms}`)
  return seen
}

test('files are merged by the newest time in each line, each keeping its order', async () => {
  const path = folder({
    'a.jsonl': [metrics(1_700_000_001_000), metrics(1_700_000_003_000), metrics(1_700_000_002_000)].join('\n'),
    'b.jsonl.gz': gzipSync([metrics(1_700_000_002_000), metrics(1_700_000_009_000)].join('\n')),
    'changes.jsonl': '{"at":"2023-11-14T22:13:22.500Z","service":"a","title":"a v2"}\n',
    'notes.txt': 'not read',
  })
  expect(await read(path)).toEqual([
    'otlp 1700000001000',
    'otlp 1700000002000',
    'change 1700000002500',
    'otlp 1700000003000',
    'otlp 1700000003000',
    'otlp 1700000009000',
  ])
})

test('what cannot be read is told with file and line', async () => {
  await expect(read(folder({ 'a.jsonl': `${metrics(1)}\n\n{"no":1}\n` }))).rejects.toThrow(/a\.jsonl:3/)
  await expect(read(folder({ 'changes.jsonl': '{"at":"yesterday"}' }))).rejects.toThrow(/changes\.jsonl:1: at:/)
  await expect(read(folder({ 'a.jsonl.gz': 'not gzip' }))).rejects.toThrow(/a\.jsonl\.gz:1/)
  expect(() => captureFiles(folder({}))).toThrow('no *.jsonl')
  expect(() => captureFiles('/nowhere/at/all')).toThrow('cannot be read')
})
