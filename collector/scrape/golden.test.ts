// A page like that of a host, and the series that it becomes: `vitest -u` writes the golden files anew.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Format } from './target/content-type.ts'
import { scrapedTarget } from './testing/decoding.fixture.ts'

const TESTS = join(import.meta.dirname, '../../tests')

/** The same in OpenMetrics: other types, no empty families, an end. */
function asOpenMetrics(text: string): string {
  return `${text
    .replaceAll(/^(# (?:TYPE|HELP) \S+)_total /gm, '$1 ')
    .replaceAll(' untyped', ' unknown')
    .replace('3 1795191648000', '3 1795191648')}# EOF\n`
}

test.each<Format>(['text', 'openmetrics'])('the page of a host in %s becomes these series', async (format) => {
  const text = readFileSync(join(TESTS, 'fixtures/scrape/host.prom'), 'utf8')
  const { scrape, report } = scrapedTarget()
  const lines = scrape(format === 'text' ? text : asOpenMetrics(text), format)
  const told = Object.entries(report()).map(([name, value]) => `${name} ${value}`)
  await expect(`${[...lines, ...told].join('\n')}\n`).toMatchFileSnapshot(
    join(TESTS, `golden/scrape/host-${format}.txt`),
  )
})
