// The story that the console is shown in tests: a database slow after a deploy, in the forms of the API.

type Labels = Record<string, string>

export interface Signal {
  readonly rule: string
  readonly expr: string
  readonly metric: string
  readonly labels: Labels
  readonly unit: string
  readonly expected: (seconds: number) => number
  /** Share of the expected value that the band reaches to either side. */
  readonly width: number
  /** Factor on the expected value once the fault is there. */
  readonly fault: number
}

const MINUTE = 60_000

/** Repeatable and between -1 and 1. */
function wobble(seed: number, seconds: number): number {
  const x = Math.sin(seed * 127.1 + Math.floor(seconds / 15) * 311.7) * 43_758.5453
  return (x - Math.floor(x)) * 2 - 1
}

const daily = (level: number, swing: number) => (seconds: number) =>
  level * (1 + swing * Math.sin((seconds / 86_400) * 2 * Math.PI) + 0.05 * Math.sin(seconds / 400))

export const SIGNALS: readonly Signal[] = [
  {
    rule: 'DatabaseLatencyUnusual',
    expr: 'histogram_quantile(0.95, sum by (service_name, le) (rate(db_client_operation_duration_seconds_bucket[5m])))',
    metric: '',
    labels: { service_name: 'payments-db' },
    unit: 's',
    expected: daily(0.022, 0.1),
    width: 0.35,
    fault: 14,
  },
  {
    rule: 'CheckoutLatencyUnusual',
    expr: 'histogram_quantile(0.95, sum by (service_name, le) (rate(http_server_request_duration_seconds_bucket[5m])))',
    metric: '',
    labels: { service_name: 'checkout' },
    unit: 's',
    expected: daily(0.21, 0.15),
    width: 0.3,
    fault: 4,
  },
  {
    rule: 'HostCpuUnusual',
    expr: 'system_cpu_utilization',
    metric: 'system_cpu_utilization',
    labels: { host_name: 'node-3', system_cpu_state: 'user', instance: 'node-3' },
    unit: '1',
    expected: daily(0.31, 0.3),
    width: 0.25,
    fault: 1,
  },
  {
    rule: 'HostMemoryUnusual',
    expr: 'system_memory_usage_bytes',
    metric: 'system_memory_usage_bytes',
    labels: { host_name: 'node-3', state: 'used' },
    unit: 'By',
    expected: daily(6.1e9, 0.02),
    width: 0.04,
    fault: 1,
  },
  {
    rule: 'ProcessMemoryUnusual',
    expr: 'process_memory_usage_bytes',
    metric: 'process_memory_usage_bytes',
    labels: { service_name: 'barograph', job: 'barograph' },
    unit: 'By',
    expected: daily(1.9e8, 0.05),
    width: 0.12,
    fault: 1,
  },
]

export const DEMAND = 'checkout_demand'
const DEMAND_EXPR = 'sum(rate(http_requests_total{service="checkout"}[2m]))'
const demand = (seconds: number): number => 420 + 180 * Math.sin((seconds / 14_400) * 2 * Math.PI)

export class Story {
  readonly now_ms: number
  readonly fault_ms: number
  state: 'open' | 'acknowledged' | 'resolved' = 'open'

  readonly #said = new Map<string, string>()

  constructor(now_ms: number) {
    this.now_ms = now_ms
    this.fault_ms = Math.floor(now_ms / MINUTE) * MINUTE - 19 * MINUTE
  }

  at(minutes: number): string {
    return new Date(this.fault_ms + minutes * MINUTE).toISOString()
  }

  value(signal: Signal, seconds: number): number {
    const after = seconds * 1000 - this.fault_ms
    const ramp = Math.max(0, Math.min(1, after / (2 * MINUTE)))
    const factor = 1 + (signal.fault - 1) * ramp
    const seed = signal.rule.length
    return signal.expected(seconds) * factor * (1 + signal.width * 0.45 * wobble(seed, seconds))
  }

  scores(): object[] {
    return SIGNALS.map((signal) => {
      const seconds = this.now_ms / 1000
      const expected = signal.expected(seconds)
      const value = this.value(signal, seconds)
      return {
        rule: signal.rule,
        ...(signal.metric === '' ? {} : { metric: signal.metric }),
        labels: signal.labels,
        at: new Date(this.now_ms - 4000).toISOString(),
        value,
        score: Math.abs(value - expected) / (expected * signal.width),
        expected,
        lower: expected * (1 - signal.width),
        upper: expected * (1 + signal.width),
      }
    })
  }

  /** What a person says of a finding, or of all of the incident. */
  said(id: string, word: string): void {
    for (const finding of id.startsWith('i_') ? ['f_db', 'f_checkout', 'f_log'] : [id]) this.#said.set(finding, word)
  }

  findings(): Record<string, object> {
    const finding = (id: string, rule: string, minutes: number, zh: boolean): object => {
      const signal = SIGNALS.find((one) => one.rule === rule)!
      const expected = signal.expected(this.fault_ms / 1000)
      const what = rule.startsWith('Database')
        ? {
            en: 'db client operation duration of payments-db is 308 ms, expected 14 to 30 ms',
            zh: 'payments-db 的 db client operation duration 为 308 ms，预期 14 至 30 ms',
          }
        : {
            en: 'http server request duration of checkout is 840 ms, expected 150 to 270 ms',
            zh: 'checkout 的 http server request duration 为 840 ms，预期 150 至 270 ms',
          }
      return {
        id,
        rule,
        unit: signal.unit,
        labels: signal.labels,
        service: signal.labels['service_name'],
        severity: 'warning',
        kind: 'level_up',
        direction: 'up',
        since: this.at(minutes),
        last: new Date(this.now_ms).toISOString(),
        peak_score: rule.startsWith('Database') ? 37.1 : 9.8,
        value: expected * signal.fault,
        expected,
        lower: expected * (1 - signal.width),
        upper: expected * (1 + signal.width),
        experts: ['seasonal', 'median_mad'],
        evidence: false,
        annotations: {},
        sentence: zh ? what.zh : what.en,
        feedback: this.#said.get(id),
        lasted_seconds: 1080,
        state: 'open',
      }
    }
    const log = (zh: boolean): object => ({
      id: 'f_log',
      rule: 'new error template',
      labels: { service_name: 'checkout' },
      service: 'checkout',
      severity: 'warning',
      kind: 'new_template',
      direction: 'up',
      since: this.at(2),
      last: this.at(9),
      until: this.at(14),
      peak_score: 1,
      experts: [],
      evidence: true,
      annotations: {},
      detail: 'payment failed: timeout after <*> ms <img src=x onerror="document.title=\'owned\'">',
      sentence: `${zh ? 'checkout出现从未见过的日志：' : 'checkout logs a message never seen before: '}payment failed: timeout after <*> ms <img src=x onerror="document.title='owned'">`,
      feedback: this.#said.get('f_log'),
      lasted_seconds: 420,
      state: 'closed',
    })
    return {
      en: {
        f_db: finding('f_db', 'DatabaseLatencyUnusual', 0, false),
        f_checkout: finding('f_checkout', 'CheckoutLatencyUnusual', 1, false),
        f_log: log(false),
      },
      zh: {
        f_db: finding('f_db', 'DatabaseLatencyUnusual', 0, true),
        f_checkout: finding('f_checkout', 'CheckoutLatencyUnusual', 1, true),
        f_log: log(true),
      },
    }
  }

  changes(): object[] {
    return [
      {
        id: 'c_deploy',
        kind: 'deploy',
        service: 'payments-db',
        at: this.at(-2),
        title: 'payments-db 2.14.0: drop index orders_by_customer',
        source: 'argocd',
        url: 'https://argocd.example/applications/payments-db',
      },
    ]
  }

  incident(zh: boolean): object {
    const found = this.findings()[zh ? 'zh' : 'en'] as Record<string, { sentence: string }>
    const say = (en: string, other: string): string => (zh ? other : en)
    return {
      id: 'i_1f3a',
      state: this.state,
      severity: 'critical',
      title: say('checkout slow: payments-db', 'checkout 变慢：payments-db'),
      symptom: 'checkout',
      opened_at: this.at(0),
      updated_at: this.at(14),
      ...(this.state === 'acknowledged' ? { acknowledged_at: new Date(this.now_ms).toISOString() } : {}),
      services: ['checkout', 'payments-db'],
      findings: ['f_db', 'f_checkout', 'f_log'],
      alerts: [
        {
          rule: 'CheckoutErrorsHigh',
          fingerprint: 'a1',
          labels: { alertname: 'CheckoutErrorsHigh', service: 'checkout', severity: 'critical' },
          annotations: { summary: '7.4 % of requests of checkout fail' },
          state: 'firing',
          active_at: this.at(3),
          fired_at: this.at(8),
          expr: '',
        },
      ],
      changes: ['c_deploy'],
      causes: [
        {
          service: 'payments-db',
          share: 0.71,
          change: 'c_deploy',
          evidence: [
            { kind: 'metric', ref: 'f_db', text: found['f_db']!.sentence, at: this.at(0), weight: 2.1 },
            {
              kind: 'change',
              ref: 'c_deploy',
              text: say('deploy of payments-db: payments-db 2.14.0', 'payments-db 部署：payments-db 2.14.0'),
              at: this.at(-2),
              weight: 1.6,
            },
          ],
        },
        {
          service: 'checkout',
          share: 0.29,
          evidence: [
            { kind: 'metric', ref: 'f_checkout', text: found['f_checkout']!.sentence, at: this.at(1), weight: 1.1 },
          ],
        },
      ],
      joins: [
        { member: 'f_db', reason: say('opened the incident', '事件由此创建'), weight: 1 },
        {
          member: 'f_checkout',
          reason: say('checkout calls payments-db; 60 s apart', 'checkout 调用 payments-db，相隔 60 秒'),
          weight: 1.4,
        },
        {
          member: 'f_log',
          reason: say('same service checkout; 60 s apart', '同一服务 checkout，相隔 60 秒'),
          weight: 1.2,
        },
        {
          member: 'c_deploy',
          reason: say('change of payments-db 2 min before', 'payments-db 的变更，早 2 分钟'),
          weight: 1.6,
        },
      ],
      timeline: [
        {
          at: this.at(-2),
          what: 'change',
          ref: 'c_deploy',
          text: say(
            'deploy of payments-db: payments-db 2.14.0: drop index orders_by_customer',
            'payments-db 部署：payments-db 2.14.0: drop index orders_by_customer',
          ),
        },
        { at: this.at(0), what: 'opened', ref: 'f_db', text: say('incident opened', '事件创建') },
        { at: this.at(0), what: 'finding', ref: 'f_db', text: found['f_db']!.sentence },
        { at: this.at(1), what: 'finding', ref: 'f_checkout', text: found['f_checkout']!.sentence },
        { at: this.at(2), what: 'finding', ref: 'f_log', text: found['f_log']!.sentence },
        {
          at: this.at(8),
          what: 'alert',
          ref: 'a1',
          text: say(
            'alert CheckoutErrorsHigh: 7.4 % of requests of checkout fail',
            '告警 CheckoutErrorsHigh：7.4 % of requests of checkout fail',
          ),
        },
        {
          at: this.at(14),
          what: 'finding_closed',
          ref: 'f_log',
          text: say('back to normal: checkout', '恢复正常：checkout'),
        },
      ],
    }
  }

  older(zh: boolean): object {
    return {
      id: 'i_0b77',
      state: 'resolved',
      severity: 'warning',
      title: zh ? 'search 异常' : 'search unusual',
      opened_at: this.at(-1600),
      updated_at: this.at(-1540),
      resolved_at: this.at(-1540),
      services: ['search'],
      findings: [],
      alerts: [],
      changes: [],
      causes: [{ service: 'search', share: 1, evidence: [] }],
      joins: [],
      timeline: [],
    }
  }

  policies(zh: boolean): object[] {
    const target = new Date(this.now_ms + 12 * MINUTE)
    const clock = target.toISOString().slice(11, 16)
    return [
      {
        policy: 'checkout',
        value: 7,
        needed_now: 4,
        current: 4,
        min: 2,
        max: 12,
        lower: 5,
        upper: 9,
        lead_seconds: 180,
        target_time: target.toISOString(),
        as_of: this.at(18),
        expires_at: target.toISOString(),
        trust: 1,
        reason: zh ? `${clock} UTC 需求 640（q0.95），每副本 100` : `demand 640 at ${clock} UTC (q0.95), 100 a replica`,
        stale: false,
      },
      {
        policy: 'search',
        value: 3,
        needed_now: 3,
        min: 1,
        max: 10,
        lead_seconds: 180,
        target_time: target.toISOString(),
        as_of: this.at(18),
        expires_at: target.toISOString(),
        trust: 0,
        reason: zh ? '当前需求 250，每副本 100' : 'demand 250 now, 100 a replica',
        stale: false,
      },
      { policy: 'nightly', reason: zh ? '没有需求数据' : 'no demand was ever seen', stale: true },
    ]
  }

  rules(type: string): object {
    const anomaly = SIGNALS.map(({ rule, expr }) => ({
      name: rule,
      query: expr,
      labels: {},
      health: 'ok',
      type: 'anomaly',
    }))
    const forecast = [{ name: DEMAND, query: DEMAND_EXPR, labels: {}, health: 'ok', type: 'forecast' }]
    const shown = type === 'anomaly' ? anomaly : type === 'forecast' ? forecast : [...anomaly, ...forecast]
    return { groups: [{ name: 'shop', file: 'shop.barograph.yml', interval: 30, rules: shown }] }
  }

  forecast(query: string): object {
    const made = Math.floor(this.now_ms / MINUTE) * MINUTE
    const points = Array.from({ length: 120 }, (_, i) => {
      const seconds = made / 1000 + (i + 1) * 60
      const spread = 18 + Math.sqrt(i + 1) * 9
      const level = demand(seconds)
      const quantiles = {
        '0.05': level - 1.64 * spread,
        '0.1': level - 1.28 * spread,
        '0.5': level,
        '0.9': level + 1.28 * spread,
        '0.99': level + 2.33 * spread,
      }
      return { at: new Date(seconds * 1000).toISOString(), quantiles }
    })
    return {
      query,
      series: [
        {
          labels: {},
          made_at: new Date(made).toISOString(),
          model: 'holt_winters',
          trust: 1,
          skill: 0.34,
          coverage: { '0.1': 0.09, '0.5': 0.52, '0.9': 0.91 },
          points,
        },
      ],
    }
  }

  /** Columns of a range query, by what it asks for. */
  range(query: string, from: number, to: number, step: number): object[] {
    const times: number[] = []
    for (let time = from; time <= to; time += step) times.push(time)
    const values = (of: (seconds: number) => number): [number, string][] =>
      times.filter((time) => time * 1000 <= this.now_ms).map((time) => [time, String(of(time))])
    if (query.startsWith('{__name__=~"barograph_')) {
      const signal = SIGNALS.find(({ rule }) => query.includes(`rule="${rule}"`))
      if (signal === undefined) return []
      const bound = (name: string, factor: number): object => ({
        metric: { __name__: `barograph_${name}`, ...signal.labels, rule: signal.rule },
        values: values((seconds) => signal.expected(seconds) * factor),
      })
      return [bound('expected', 1), bound('lower', 1 - signal.width), bound('upper', 1 + signal.width)]
    }
    if (query === DEMAND_EXPR)
      return [{ metric: {}, values: values((seconds) => demand(seconds) * (1 + 0.05 * wobble(3, seconds))) }]
    if (query.includes('by (rule)')) {
      return SIGNALS.map((signal) => ({
        metric: { rule: signal.rule },
        values: values(
          (seconds) => Math.abs(this.value(signal, seconds) / signal.expected(seconds) - 1) / signal.width,
        ),
      }))
    }
    const signal = SIGNALS.find(
      ({ expr, metric }) => query.startsWith(`(${expr}\n)`) || (metric !== '' && query.startsWith(metric)),
    )
    if (signal === undefined) return []
    const name: Labels = signal.metric === '' ? {} : { __name__: signal.metric }
    return [{ metric: { ...name, ...signal.labels }, values: values((seconds) => this.value(signal, seconds)) }]
  }

  /** Barograph's own figures. */
  figure(query: string): number | undefined {
    const known: readonly [string, number][] = [
      ['barograph_store_samples_total', 1843.2],
      ['duration_seconds_count', 12.4],
      ['barograph_store_series', 4211],
      ['histogram_quantile', 0.0031],
      ['barograph_pipeline_queue', 0],
      ['barograph_pipeline_refused', 0],
      ['barograph_store_allocated_bytes', 7.3e7],
    ]
    return known.find(([part]) => query.includes(part))?.[1]
  }
}
