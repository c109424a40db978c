// What the upstream says of its own work.

/** Since its start. */
interface Work {
  readonly time_ms: number
  readonly queries: number
  readonly samples: number
  readonly cpu_s: number
  readonly written: number
}

/** A second. */
export interface Load {
  readonly seconds: number
  readonly queries: number
  readonly samples: number
  readonly cpu: number
  /** Samples that were taken in meanwhile. */
  readonly written: number
}

export async function workOf(url: string): Promise<Work> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const sum = (name: RegExp): number =>
    text
      .split('\n')
      .filter((line) => name.test(line))
      .reduce((all, line) => all + Number(line.split(' ').at(-1)), 0)
  return {
    time_ms: Date.now(),
    queries: sum(/^prometheus_http_request_duration_seconds_count\{[^}]*handler="\/api\/v1\/query(?:_range)?"/),
    samples: sum(/^prometheus_engine_query_samples_total /),
    cpu_s: sum(/^process_cpu_seconds_total /),
    written: sum(/^prometheus_tsdb_head_samples_appended_total/),
  }
}

export function loadBetween(before: Work, after: Work): Load {
  const seconds = (after.time_ms - before.time_ms) / 1000
  const rate = (of: (work: Work) => number): number => Number(((of(after) - of(before)) / seconds).toPrecision(3))
  return {
    seconds: Math.round(seconds),
    queries: rate((work) => work.queries),
    samples: rate((work) => work.samples),
    cpu: rate((work) => work.cpu_s),
    written: rate((work) => work.written),
  }
}
