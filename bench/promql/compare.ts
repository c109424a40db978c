interface Data {
  readonly resultType: string
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>
    readonly value?: Point
    readonly values?: readonly Point[]
  }[]
}

type Point = readonly [number, string]

const TOLERANCE = 1e-9

function same(a: Point | undefined, b: Point | undefined): boolean {
  if (a === undefined || b === undefined || a[0] !== b[0]) return false
  if (a[1] === b[1]) return true
  const [x, y] = [Number(a[1]), Number(b[1])]
  return Math.abs(x - y) <= TOLERANCE * Math.max(Math.abs(x), Math.abs(y))
}

function bySeries({ result }: Data): Map<string, readonly Point[]> {
  return new Map(
    result.map(({ metric, value, values }) => [
      JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      values ?? [value!],
    ]),
  )
}

/** Where two answers of the API differ by more than the rounding of floats; undefined: nowhere. */
export function difference(ours: Buffer, theirs: Buffer): string | undefined {
  const [a, b] = [ours, theirs].map((body) => (JSON.parse(body.toString()) as { data: Data }).data) as [Data, Data]
  if (a.resultType !== b.resultType) return `${a.resultType} is not ${b.resultType}`
  const [left, right] = [bySeries(a), bySeries(b)]
  if (left.size !== right.size) return `${left.size} series are not ${right.size}`
  for (const [labels, points] of right) {
    const found = left.get(labels)
    if (found === undefined) return `no series ${labels}`
    if (found.length !== points.length) return `${labels}: ${found.length} points are not ${points.length}`
    const at = points.findIndex((point, i) => !same(found[i], point))
    if (at >= 0) return `${labels}: ${String(found[at])} is not ${String(points[at])}`
  }
  return undefined
}
