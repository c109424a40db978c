import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { silentMeter } from '../ports/meter.ts'
import type { Span } from '../signal.ts'
import { CallGraph } from './service-graph.ts'

function span(fields: Partial<Span> & Pick<Span, 'kind' | 'service'>): Span {
  return {
    trace_id: 't',
    span_id: 'own',
    parent_span_id: '',
    name: '',
    start_ms: 0,
    end_ms: 1000,
    error: false,
    peer: '',
    ...fields,
  }
}

const graph = (limits = {}): CallGraph => new CallGraph({ meter: silentMeter, limits })
const client = (fields: Partial<Span> = {}): Span => span({ kind: 'client', service: 'shop', span_id: 'c', ...fields })
const server = (fields: Partial<Span> = {}): Span => {
  return span({ kind: 'server', service: 'cart', span_id: 's', parent_span_id: 'c', ...fields })
}
const shown = (calls: CallGraph): string[] => {
  return calls.edges().map((edge) => `${edge.caller}>${edge.callee} ${edge.calls}/${edge.errors} @${edge.last_ms}`)
}

describe('a call', () => {
  test.each([
    ['in one batch', [[client(), server()]]],
    ['caller first', [[client()], [server()]]],
    ['called first', [[server()], [client()]]],
  ])('is joined from its two halves: %s', (_, batches) => {
    const calls = graph()
    for (const batch of batches) calls.spans(batch)
    expect(shown(calls)).toEqual(['shop>cart 1/0 @1000'])
    expect(calls.callees('shop')).toEqual(['cart'])
    expect(calls.callers('cart')).toEqual(['shop'])
    expect(calls.callees('cart')).toEqual([])
  })

  test('is an error when either half says so, and the newest time counts', () => {
    const calls = graph()
    calls.spans([client({ error: true }), server({ end_ms: 900 })])
    calls.spans([client({ span_id: 'd' }), server({ parent_span_id: 'd', error: true, end_ms: 2000 })])
    expect(shown(calls)).toEqual(['shop>cart 2/2 @2000'])
  })

  test('inside one service, of another trace, or of no trace is no edge', () => {
    const calls = graph()
    calls.spans([client(), server({ service: 'shop' }), server({ trace_id: 'u' })])
    calls.spans([client({ trace_id: '' }), server({ trace_id: '' }), server({ parent_span_id: '' })])
    calls.spans([client({ trace_id: 'n', end_ms: Number.NaN }), server({ trace_id: 'n', end_ms: Number.NaN })])
    expect(shown(calls)).toEqual([])
  })

  test('over a queue is one as well, to every consumer', () => {
    const calls = graph()
    calls.spans([client({ kind: 'producer' }), server({ kind: 'consumer', service: 'mail' })])
    calls.spans([server({ kind: 'consumer', service: 'stock', span_id: 'x' })])
    expect(shown(calls)).toEqual(['shop>mail 1/0 @1000', 'shop>stock 1/0 @1000'])
  })

  test('over a queue is one by links alone, to each sender of a batch, and once where the parent is linked to as well', () => {
    const producer = (fields: Partial<Span>): Span => client({ kind: 'producer', ...fields })
    const links = [
      { trace_id: 'a', span_id: 'c' },
      { trace_id: 'b', span_id: 'd' },
      { trace_id: 't', span_id: 'c' },
    ]
    const batch = server({ kind: 'consumer', service: 'mail', parent_span_id: '', links })
    const senders = [
      producer({ trace_id: 'a' }),
      producer({ trace_id: 'b', span_id: 'd', service: 'stock', error: true }),
      producer({}),
    ]
    for (const spans of [
      [batch, ...senders],
      [...senders, batch],
      [...senders, { ...batch, parent_span_id: 'c' }],
      // Fetched by a client, whose parent has called nobody.
      [...senders, { ...batch, kind: 'client' as const, span_id: 'x', parent_span_id: 'y' }],
    ]) {
      const calls = graph()
      for (const one of spans) calls.spans([one])
      expect(shown(calls)).toEqual(['shop>mail 2/0 @1000', 'stock>mail 1/1 @1000'])
    }
  })
})

describe('a caller whose other side never reports', () => {
  test('becomes an edge to its peer once it has waited', () => {
    const calls = graph()
    calls.spans([client({ peer: 'payments-db', error: true })])
    calls.spans([client({ span_id: 'x', end_ms: 60_999 })])
    expect(shown(calls)).toEqual([])
    calls.spans([client({ span_id: 'y', end_ms: 61_000 })])
    expect(shown(calls)).toEqual(['shop>payments-db 1/1 @1000'])
  })

  test('waits by ticks when there are some, however old its spans are', () => {
    const calls = graph()
    calls.advance(1e9)
    calls.spans([client({ peer: 'db', end_ms: 1e9 - 7_200_000 })])
    calls.spans([client({ span_id: 'x', end_ms: 1e12 })])
    expect(shown(calls)).toEqual([])
    calls.advance(1e9 + 60_000)
    expect(shown(calls)).toEqual([`shop>db 1/0 @${1e9 - 7_200_000}`])
  })

  test('is no edge when a server answered, nor to itself', () => {
    const calls = graph()
    calls.spans([client({ peer: 'cart.svc' }), server(), client({ span_id: 'z', peer: 'shop' })])
    calls.advance(1e6)
    expect(shown(calls)).toEqual(['shop>cart 1/0 @1000'])
  })
})

test('an edge fades when it was not seen for a day', () => {
  const calls = graph()
  calls.spans([client(), server()])
  calls.advance(86_401_000)
  expect(calls.edges()).toHaveLength(1)
  calls.advance(86_401_001)
  expect(calls.edges()).toEqual([])
  expect(calls.callees('shop')).toEqual([])
})

describe('limits', () => {
  test('let the half calls that wait longest go first, as if they had waited', () => {
    const calls = graph({ pending: 2 })
    calls.spans([client({ span_id: '1', peer: 'db1' }), client({ span_id: '2' }), client({ span_id: '3' })])
    expect(shown(calls)).toEqual(['shop>db1 1/0 @1000'])
  })

  test('let the pair unseen for longest go', () => {
    const calls = graph({ edges: 2 })
    for (const [i, service] of ['a', 'b', 'a', 'c'].entries()) {
      calls.spans([client({ span_id: String(i) }), server({ parent_span_id: String(i), service })])
    }
    expect(shown(calls)).toEqual(['shop>a 2/0 @1000', 'shop>c 1/0 @1000'])
    expect(calls.callers('b')).toEqual([])
  })

  test('bound those who wait for one caller', () => {
    const calls = graph({ callees: 1 })
    calls.spans([server(), server({ service: 'more' }), client()])
    expect(shown(calls)).toEqual(['shop>cart 1/0 @1000'])
  })
})

test('a restart in mid-stream changes no answer', () => {
  expect.hasAssertions()
  const id = fc.constantFrom('1', '2', '3', '4')
  const any = fc
    .record({
      kind: fc.constantFrom('client', 'server', 'producer', 'consumer', 'internal'),
      service: fc.constantFrom('a', 'b', 'c'),
      span_id: id,
      parent_span_id: id,
      peer: fc.constantFrom('', 'db', 'a'),
      end_ms: fc.integer({ min: 0, max: 200_000 }),
      error: fc.boolean(),
    })
    .map((fields) => span(fields))
  fc.assert(
    fc.property(fc.array(fc.array(any, { maxLength: 6 }), { maxLength: 8 }), fc.nat(8), (batches, restart) => {
      const whole = graph({ pending: 5, edges: 4 })
      let parted = graph({ pending: 5, edges: 4 })
      for (const [i, batch] of batches.entries()) {
        if (i === restart) {
          const again = graph({ pending: 5, edges: 4 })
          again.load(parted.save())
          parted = again
        }
        whole.spans(batch)
        parted.spans(batch)
      }
      expect(parted.save()).toEqual(whole.save())
      expect(parted.edges()).toEqual(whole.edges())
    }),
    { interruptAfterTimeLimit: 5000 },
  )
})
