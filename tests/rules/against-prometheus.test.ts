// An hour of the same rules on the same samples in the live engine and in Prometheus' own: the series that they write are the same, at
// every minute. The engine of promtool is that of Prometheus. Needs promtool 3; BAROGRAPH_TEST_PROMTOOL may say where it is.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'
import { stringify } from 'yaml'

import { type Random, seeded } from '#core/random.ts'
import { METRIC_NAME } from '#core/series.ts'

import { type Fed, HOUR, MINUTE, SECOND, Stand, START } from './stand.ts'

const promtool = process.env['BAROGRAPH_TEST_PROMTOOL'] ?? 'promtool'
const isThere = /version 3\./.test(spawnSync(promtool, ['--version'], { encoding: 'utf8' }).stdout ?? '')
const WRITTEN = '{__name__=~"ALERTS|ALERTS_FOR_STATE|r:.*"}'

const RULES = `
groups:
  - name: ordered
    rules:
      - {record: 'r:sum', expr: sum by (job) (up), labels: {by: job}}
      - {alert: AllDown, expr: 'r:sum == 0', for: 2m, keep_firing_for: 3m}
      - {alert: Down, expr: up == 0, for: 3m, labels: {severity: page, 'is.it': '{{ if gt $value 0.5 }}yes{{ else }}no{{ end }}'}}
      - {alert: Gone, expr: 'absent(up{instance="c"})', for: 1m}
      - {record: 'r:firing', expr: 'count by (alertname) (ALERTS{alertstate="firing",alertname=~"AllDown|Down|Gone"})'}
  - name: offset
    query_offset: 1m
    labels: {team: core}
    rules:
      - {record: 'r:rate', expr: 'rate(served_total[3m])'}
      - {alert: Slow, expr: 'r:rate < 0.4', keep_firing_for: 2m}
  - name: limited
    limit: 3
    rules:
      - {alert: Many, expr: up == 0}
`

/** Samples every 30 s in runs of up and down, with gaps; '_' where there is none. */
function lineOf(random: Random, counter: boolean): (number | undefined)[] {
  const line: (number | undefined)[] = []
  let total = 0
  while (line.length <= HOUR / (30 * SECOND)) {
    const what = random()
    const length = 1 + Math.floor(random() * 18)
    for (let i = 0; i < length; i++) {
      if (counter) total += what < 0.5 ? 30 : Math.floor(random() * 10)
      line.push(what > 0.85 ? undefined : counter ? total : what < 0.5 ? 1 : 0)
    }
  }
  return line.slice(0, HOUR / (30 * SECOND) + 1)
}

const KEYS = [
  { __name__: 'up', job: 'j', instance: 'a' },
  { __name__: 'up', job: 'j', instance: 'b' },
  { __name__: 'up', job: 'k', instance: 'c' },
  { __name__: 'served_total', job: 'k' },
] as const

function textOf(labels: Readonly<Record<string, string>>): string {
  const rest = Object.entries(labels).filter(([name]) => name !== METRIC_NAME)
  return `${labels[METRIC_NAME]}{${rest.map(([name, value]) => `"${name}"=${JSON.stringify(value)}`).join(',')}}`
}

test.skipIf(!isThere).each([1, 2, 3, 4, 5])(
  'alerts and recorded series of an hour are those of Prometheus (seed %d, needs promtool 3)',
  async (seed) => {
    const random = seeded(seed)
    const lines = KEYS.map((labels) => ({ labels, values: lineOf(random, labels[METRIC_NAME] === 'served_total') }))
    const fed = lines.flatMap(({ labels, values }) =>
      values.flatMap((value, i): Fed[] =>
        value === undefined ? [] : [{ labels, time_ms: START + i * 30 * SECOND, value }],
      ),
    )
    const stand = new Stand({ rules: RULES })
    await stand.live(fed, START + HOUR + 3 * MINUTE)

    const expected = []
    for (let time_ms = 0; time_ms <= HOUR; time_ms += MINUTE) {
      // What the group with the offset has written by then is a minute old.
      for (const expr of [WRITTEN, `${WRITTEN} offset 1m`]) {
        const result = await stand.query.instant(expr, START + time_ms)
        const samples = (result.type === 'vector' ? result.series : [])
          .filter(({ labels }) => (labels.get('team') === 'core') === (expr !== WRITTEN))
          .map(({ labels, value }) => ({ labels: textOf(labels.toJSON()), value: value[0]! }))
        const team = expr === WRITTEN ? 'team!="core"' : 'team="core"'
        expected.push({ expr: expr.replace('}', `,${team}}`), eval_time: `${time_ms / SECOND}s`, exp_samples: samples })
      }
    }
    expect(expected.flatMap(({ exp_samples }) => exp_samples).length).toBeGreaterThan(200)

    const folder = mkdtempSync(join(tmpdir(), 'barograph-hour-'))
    writeFileSync(join(folder, 'rules.yml'), RULES)
    const input_series = lines.map(({ labels, values }) => ({
      series: textOf(labels),
      values: values.map((value) => value ?? '_').join(' '),
    }))
    const unit = {
      rule_files: ['rules.yml'],
      fuzzy_compare: true,
      tests: [{ interval: '30s', start_timestamp: START / 1000, input_series, promql_expr_test: expected }],
    }
    writeFileSync(join(folder, 'x.yml'), stringify(unit))
    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', 'x.yml'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status, ...(status !== 0 && { stdout, stderr }) }).toEqual({ status: 0 })
  },
)
