import { describe, expect, test } from 'vitest'
import type { z } from 'zod'

import { relabelRule } from './relabel-schema.ts'
import { relabel } from './relabel.ts'

type Rule = z.input<typeof relabelRule>

/** What becomes of labels; undefined where they are dropped. */
function result(labels: Record<string, string>, ...rules: Rule[]): Record<string, string> | undefined {
  const draft = new Map(Object.entries(labels))
  return relabel(
    rules.map((rule) => relabelRule.parse(rule)),
    draft,
  )
    ? Object.fromEntries(draft)
    : undefined
}

const ABC = { a: 'foo', b: 'bar', c: 'baz' }

describe('relabelling, as Prometheus does it,', () => {
  test('replaces: the whole text must match, an empty result takes the label away', () => {
    expect(
      result(ABC, { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch${1}' }),
    ).toEqual({ ...ABC, d: 'choo-choo' })
    expect(
      result(ABC, { source_labels: ['a', 'b'], regex: 'f(.*);(.*)r', target_label: 'a', replacement: 'b${1}${2}m' }),
    ).toEqual({ ...ABC, a: 'boobam' })
    expect(result(ABC, { source_labels: ['a'], regex: 'oo', target_label: 'd' })).toEqual(ABC)
    expect(result(ABC, { source_labels: ['x'], target_label: 'b' })).toEqual({ a: 'foo', c: 'baz' })
    expect(result(ABC, { target_label: 'd', replacement: 'fixed' })).toEqual({ ...ABC, d: 'fixed' })
    expect(
      result({ a: 'one\ntwo' }, { source_labels: ['a'], regex: 'one.two', target_label: 'b', replacement: 'x' }),
    ).toEqual({ a: 'one\ntwo', b: 'x' })
  })

  test('expands $1, ${1}, $name, $$ as Go does, in the name of the label too', () => {
    const rule = (target_label: string, replacement: string): Rule => {
      return { source_labels: ['a'], regex: '(f)(?P<rest>.*)', target_label, replacement }
    }
    expect(result({ a: 'foo' }, rule('b', '$1-${rest}-$rest-$$-$-$9-$1x-${1}x'))).toEqual({
      a: 'foo',
      b: 'f-oo-oo-$-$---fx',
    })
    expect(result({ a: 'foo' }, rule('l_$rest', 'v'))).toEqual({ a: 'foo', l_oo: 'v' })
    expect(result({ a: 'foo' }, rule('$9', 'v'))).toEqual({ a: 'foo' })
  })

  test('keeps and drops', () => {
    expect(result(ABC, { source_labels: ['a'], regex: 'foo|x', action: 'keep' })).toEqual(ABC)
    expect(result(ABC, { source_labels: ['a'], regex: 'fo', action: 'keep' })).toBeUndefined()
    expect(result(ABC, { source_labels: ['a'], regex: '.*o.*', action: 'drop' })).toBeUndefined()
    expect(result(ABC, { source_labels: ['a'], regex: 'o', action: 'drop' })).toEqual(ABC)
    expect(result({ a: 'x', b: 'x' }, { source_labels: ['a'], target_label: 'b', action: 'keepequal' })).toBeDefined()
    expect(result(ABC, { source_labels: ['a'], target_label: 'b', action: 'keepequal' })).toBeUndefined()
    expect(result({ a: 'x', b: 'x' }, { source_labels: ['a'], target_label: 'b', action: 'dropequal' })).toBeUndefined()
    expect(result(ABC, { source_labels: ['a'], target_label: 'b', action: 'dropequal' })).toEqual(ABC)
  })

  test('hashes like Prometheus, so that shards agree', () => {
    const rule: Rule = { source_labels: ['c'], target_label: 'd', action: 'hashmod', modulus: 1000 }
    expect(result({ a: 'foo', b: 'bar', c: 'baz' }, rule)).toEqual({ a: 'foo', b: 'bar', c: 'baz', d: '976' })
    expect(result({ a: 'foo\nbar' }, { ...rule, source_labels: ['a'], target_label: 'b' })).toEqual({
      a: 'foo\nbar',
      b: '734',
    })
  })

  test('maps, drops and keeps labels by their names', () => {
    expect(
      result({ a: 'foo', b1: 'bar', b2: 'baz' }, { regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' }),
    ).toEqual({
      a: 'foo',
      b1: 'bar',
      b2: 'baz',
      bar_b1: 'bar',
      bar_b2: 'baz',
    })
    const meta = { __meta_x: '1', __meta_y: '2' }
    expect(result(meta, { regex: '__meta_(.+)', action: 'labelmap' })).toEqual({ ...meta, x: '1', y: '2' })
    expect(result({ a: '1', b1: '2', b2: '3' }, { regex: 'b.*', action: 'labeldrop' })).toEqual({ a: '1' })
    expect(result({ a: '1', b1: '2', b2: '3' }, { regex: 'b.*', action: 'labelkeep' })).toEqual({ b1: '2', b2: '3' })
  })

  test('makes no label without a name', () => {
    expect(result({ a: '1' }, { regex: 'a(.*)', action: 'labelmap' })).toEqual({ a: '1' })
    expect(result({ a: '1' }, { source_labels: ['a'], target_label: '$01', replacement: 'x' })).toEqual({ a: '1' })
  })

  test('changes case character by character, as Go does', () => {
    const to = (a: string, action: string) => result({ a }, { source_labels: ['a'], target_label: 'a', action })?.['a']
    expect(['Straße', 'ﬁ', 'ǆ', '😀é'].map((text) => to(text, 'uppercase'))).toEqual(['STRAßE', 'ﬁ', 'Ǆ', '😀É'])
    expect(['ΑΣ', 'İ', 'ẞ'].map((text) => to(text, 'lowercase'))).toEqual(['ασ', 'i', 'ß'])
  })

  test('changes case, and goes rule by rule', () => {
    expect(
      result(
        { foo: 'bAr123Foo' },
        { source_labels: ['foo'], target_label: 'low', action: 'lowercase' },
        { source_labels: ['foo'], target_label: 'up', action: 'Uppercase' },
        { source_labels: ['low'], regex: 'bar.*', action: 'keep' },
      ),
    ).toEqual({ foo: 'bAr123Foo', low: 'bar123foo', up: 'BAR123FOO' })
  })

  test.each([
    [{ action: 'replace' }, 'target_label'],
    [{ action: 'hashmod', target_label: 'a' }, 'modulus'],
    [{ regex: '(', target_label: 'a' }, 'regex'],
    [{ action: 'shuffle', target_label: 'a' }, 'action'],
    [{ target_label: 'a', source_label: ['b'] }, 'source_label'],
  ])('a rule that cannot be meant is refused: %j', (rule, at) => {
    const { error } = relabelRule.safeParse(rule)
    expect(JSON.stringify(error?.issues)).toContain(at)
  })
})
