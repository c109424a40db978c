/** Where findings go: a data stream, one document when a finding opens and one when it closes. */
export const FINDINGS = 'barograph-findings'
/** Where incidents go: an index, one document each. */
export const INCIDENTS = 'barograph-incidents'

const keyword = { type: 'keyword', ignore_above: 1024 } as const
const date = { type: 'date' } as const
const double = { type: 'double' } as const
const text = { type: 'text' } as const
const flattened = { type: 'flattened', ignore_above: 1024 } as const

/** Index templates by the one index that each is for; what is not named here is kept and not searched. */
export const TEMPLATES = {
  [FINDINGS]: {
    data_stream: {},
    mappings: {
      dynamic: false,
      properties: {
        '@timestamp': date,
        id: keyword,
        state: keyword,
        rule: keyword,
        service: keyword,
        severity: keyword,
        kind: keyword,
        direction: keyword,
        metric: keyword,
        labels: flattened,
        since: date,
        last: date,
        until: date,
        peak_score: double,
        value: double,
        expected: double,
        lower: double,
        upper: double,
        experts: keyword,
        evidence: { type: 'boolean' },
        detail: text,
        sentence: text,
      },
    },
  },
  [INCIDENTS]: {
    mappings: {
      dynamic: false,
      properties: {
        '@timestamp': date,
        id: keyword,
        state: keyword,
        severity: keyword,
        title: text,
        symptom: keyword,
        cause: keyword,
        opened_at: date,
        updated_at: date,
        acknowledged_at: date,
        resolved_at: date,
        services: keyword,
        findings: keyword,
        changes: keyword,
      },
    },
  },
} as const
