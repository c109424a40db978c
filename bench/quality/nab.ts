import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { nabScore, type NabFile, type Profile, PROFILES, type Tally, tallies, tallyAt } from './nab-score.ts'
import { readOptions } from './options.ts'
import { NAB_PUBLISHED, OPENSEARCH_PUBLISHED } from './published.ts'
import { scoresOf } from './scored.ts'
import { readColumn, readSeries } from './series.ts'
import { printFigure, printTable } from './table.ts'

/** What the shipped scores of windowedGaussian give in the standard profile: a scorer that says otherwise is wrong. */
const CHECK = 39.6495
const OPENSEARCH = [
  'ec2_cpu_utilization_24ae8d',
  'ec2_network_in_257a54',
  'ec2_disk_write_bytes_1ef3de',
  'rds_cpu_utilization_e47b3b',
  'rds_cpu_utilization_cc0c53',
]
const NAMES = Object.keys(PROFILES) as Profile[]

interface Corpus {
  readonly folder: string
  readonly labels: Readonly<Record<string, readonly (readonly [string, string])[]>>
}

/** Rows of the windows' first and last times. */
function windowsOf({ folder, labels }: Corpus, name: string): [number, number][] {
  const rows = readColumn(join(folder, 'data', name), 'timestamp')
  return labels[name]!.map(([from, to]) => {
    const [start, end] = [from.slice(0, 19), to.slice(0, 19)]
    const left = rows.findIndex((time) => time >= start)
    const right = rows.findLastIndex((time) => time <= end)
    return [left, right]
  })
}

const scoresAll = (files: readonly NabFile[], tally: Tally): number[] => {
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0)
  return NAMES.map((profile) => nabScore(tally, profile, windows))
}

/** By profile: the best score over all thresholds, and that threshold. */
function bestOf(files: readonly NabFile[]): { readonly score: number; readonly threshold: number }[] {
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0)
  const all = tallies(files)
  return NAMES.map((profile) =>
    all
      .map(({ tally, threshold }) => ({ score: nabScore(tally, profile, windows), threshold }))
      .reduce((best, one) => (one.score > best.score ? one : best)),
  )
}

/** The scorer on scores whose result is known; throws where it says otherwise. */
function checkScorer(corpus: Corpus): void {
  const files = Object.keys(corpus.labels).map((name) => {
    const shipped = join(corpus.folder, 'results/windowedGaussian', name.replace('/', '/windowedGaussian_'))
    const scores = Float64Array.from(readColumn(shipped, 'anomaly_score'), Number)
    return { name, scores, windows: windowsOf(corpus, name) }
  })
  const [standard] = bestOf(files)
  if (Math.abs(standard!.score - CHECK) > 5e-4) throw new Error(`the scorer gives ${standard!.score}, not ${CHECK}`)
}

/** Windows met by an alarm, and runs of alarms that meet no window. */
function detections({ scores, windows }: NabFile): { readonly found: number; readonly wrong: number } {
  const met = new Set<number>()
  let wrong = 0
  for (let i = 0; i < scores.length; i++) {
    if (!(scores[i]! >= 1)) continue
    const from = i
    while (i + 1 < scores.length && scores[i + 1]! >= 1) i++
    const hit = windows.flatMap(([left, right], window) => (left <= i && right >= from ? [window] : []))
    if (hit.length === 0) wrong++
    for (const window of hit) met.add(window)
  }
  return { found: met.size, wrong }
}

function openSearch(files: readonly NabFile[]): { found: number; labelled: number; wrong: number } {
  const sum = { found: 0, labelled: 0, wrong: 0 }
  for (const file of files.filter(({ name }) => OPENSEARCH.some((one) => name.includes(one)))) {
    const { found, wrong } = detections(file)
    sum.found += found
    sum.wrong += wrong
    sum.labelled += file.windows.length
  }
  return sum
}

function printFiles(files: readonly NabFile[]): void {
  printTable(
    ['file', 'windows', 'found', 'wrong runs', 'standard, points'],
    files.map((file) => {
      const { found, wrong } = detections(file)
      const { hit, missed, outside } = tallyAt([file], 1)
      return [file.name, file.windows.length, found, wrong, hit - missed + PROFILES.standard.fp * outside]
    }),
  )
}

export function nab(args: readonly string[]): void {
  const options = readOptions(args, { budget: '1/week', data: true })
  const folder = readdirSync(options.data).includes('labels') ? options.data : join(options.data, 'nab')
  const labels = JSON.parse(readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8')) as Corpus['labels']
  const corpus = { folder, labels }
  checkScorer(corpus)
  const files = Object.keys(labels).map((name) => {
    const scores = scoresOf(readSeries(join(folder, 'data', name), name), options)
    return { name, scores, windows: windowsOf(corpus, name) }
  })
  const best = bestOf(files)
  const own = scoresAll(files, tallyAt(files, 1))
  const aws = openSearch(files)
  if (options.files) printFiles(files)
  printTable(
    ['NAB', 'standard', 'low FP', 'low FN'],
    [
      [`${options.detector}, best threshold`, ...best.map(({ score }) => score)],
      [`${options.detector}, own boundary`, ...own],
      ...NAB_PUBLISHED,
    ],
  )
  printTable(
    ['five AWS series', 'found', 'of', 'wrong'],
    [[options.detector, aws.found, aws.labelled, aws.wrong], ...OPENSEARCH_PUBLISHED],
  )
  const by = (values: readonly number[]) => Object.fromEntries(NAMES.map((name, i) => [name, values[i]]))
  printFigure({
    quality: 'nab',
    detector: options.detector,
    best: by(best.map(({ score }) => score)),
    threshold: by(best.map(({ threshold }) => threshold)),
    own: by(own),
    five_aws: aws,
  })
}
