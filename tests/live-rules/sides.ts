// The two that evaluate, and the Alertmanager that both tell.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

import snappy from 'snappyjs'

import { freePort } from '../../bench/measure.ts'
import { ProtoWriter } from '../../upstream/wire/proto-writer.ts'
import { Server, spawnProgram, temporaryFolder, until } from '../interop/process/barograph.ts'
import type { AlertForm } from '../interop/process/forms.ts'
import { rulesText } from './rules.ts'
import type { Told } from './shop.ts'

const RESEND_S = 15

/** Alerts of rules; incidents are told as alerts too. */
const ofRules = <T extends AlertForm>(alerts: readonly T[]): T[] =>
  alerts.filter(({ labels }) => labels['alertname'] !== 'BarographIncident')

/** Runs a program; nobody reads what it says, and a full pipe would hold it up. */
function run(program: string, args: readonly string[]): void {
  const child = spawnProgram(program, args)
  child.stdout?.resume()
  child.stderr?.resume()
}

/** An alert as webhooks give it. */
export interface Heard extends AlertForm {
  readonly status: 'firing' | 'resolved'
}

/** An Alertmanager that groups nothing and tells of everything. */
export class Alertmanager {
  readonly url: string
  readonly heard: Heard[] = []

  private constructor(url: string) {
    this.url = url
  }

  static async start(program: string): Promise<Alertmanager> {
    const folder = temporaryFolder()
    const self = new Alertmanager(`http://127.0.0.1:${await freePort()}`)
    const hook = await self.#listen()
    writeFileSync(
      join(folder, 'alertmanager.yml'),
      `route: {receiver: us, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1d}\nreceivers: [{name: us, webhook_configs: [{url: '${hook}', send_resolved: true}]}]\n`,
    )
    run(program, [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(self.url).host}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ])
    await isReady('Alertmanager', self.url)
    return self
  }

  async active(): Promise<AlertForm[]> {
    return ofRules((await (await fetch(`${this.url}/api/v2/alerts`)).json()) as AlertForm[])
  }

  async #listen(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as { alerts: Heard[] }
        this.heard.push(...ofRules(alerts))
        response.end()
      })
    }).unref()
    const port = await freePort()
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve)
    })
    return `http://127.0.0.1:${port}`
  }
}

async function isReady(what: string, url: string): Promise<void> {
  await until(what, async () => ((await fetch(`${url}/-/ready`).catch(() => undefined))?.ok ? true : undefined))
}

/** Both over the same rule file; their addresses. */
export async function startBoth(prometheus: string, alertmanager: string): Promise<Record<Side, string>> {
  const folder = temporaryFolder()
  const path = join(folder, 'rules.yml')
  const rules = rulesText(path)
  const server = await Server.start(
    { rules, set: [`alertmanager.urls=["${alertmanager}"]`, `resend=${RESEND_S}s`] },
    folder,
  )
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: {external_labels: {sender: prometheus}}\nrule_files: [${path}]\nalerting: {alertmanagers: [{static_configs: [{targets: ['${new URL(alertmanager).host}']}]}]}\n`,
  )
  const url = `http://127.0.0.1:${await freePort()}`
  run(prometheus, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=${new URL(url).host}`,
    '--web.enable-remote-write-receiver',
    `--rules.alert.resend-delay=${RESEND_S}s`,
    '--log.level=warn',
  ])
  await isReady('Prometheus', url)
  return { barograph: server.apiUrl, prometheus: url }
}

export const SIDES = ['barograph', 'prometheus'] as const
export type Side = (typeof SIDES)[number]

function message(fill: (out: ProtoWriter) => void): Uint8Array {
  const out = new ProtoWriter()
  fill(out)
  return out.copy()
}

/** The samples of one instant, as remote write. */
function bodyOf(told: readonly Told[], time_ms: number): Uint8Array<ArrayBuffer> {
  const body = message((out) => {
    for (const { labels, value, stale } of told) {
      const series = message((one) => {
        for (const [name, text] of Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
          const pair = message((out_) => {
            out_.text(1, name)
            out_.text(2, text)
          })
          one.bytes(1, pair)
        }
        one.bytes(
          2,
          message((sample) => sample.sample(time_ms, value, stale)),
        )
      })
      out.bytes(1, series)
    }
  })
  return snappy.compress(Buffer.from(body))
}

/** Tells both at once. */
export async function tell(sides: Record<Side, string>, told: readonly Told[], time_ms: number): Promise<void> {
  const body = bodyOf(told, time_ms)
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
  await Promise.all(
    SIDES.map(async (side) => {
      const answer = await fetch(`${sides[side]}/api/v1/write`, { method: 'POST', headers, body })
      if (!answer.ok) throw new Error(`${side}: ${answer.status} ${await answer.text()}`)
    }),
  )
}
