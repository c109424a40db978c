import { describe, expect, test } from 'vitest'

import { reading } from '../testing/reading.fixture.ts'

const read = (page: string | Uint8Array) => reading('text').read(page)
const values = (page: string) => read(page).map(({ name, labels, value }) => [name, labels, value])

describe('the text format', () => {
  test('is read with type, help and time', () => {
    expect(read('# HELP a it \\"is\\"\\\\n\n# TYPE a counter\na{b="c"} 1.5 1520879607789\n')).toEqual([
      {
        name: 'a',
        labels: { b: 'c' },
        value: 1.5,
        time_ms: 1_520_879_607_789,
        type: 'counter',
        help: 'it "is"\\n',
        unit: '',
      },
    ])
  })

  test('lets blanks, empty lines and comments stand where they like', () => {
    const page = `

 \t# a comment
#another
#   TYPE \t a  gauge\t
  a  { b = "c" , d="e" ,}\t1  -2\x20
# HELPER a b
# HELP
# TYPE
\t\tb{}\t2
c{a="b"}3
#
`
    expect(read(page).map(({ name, labels, value, time_ms, type }) => [name, labels, value, time_ms, type])).toEqual([
      ['a', { b: 'c', d: 'e' }, 1, -2, 'gauge'],
      ['b', {}, 2, NaN, 'unknown'],
      ['c', { a: 'b' }, 3, NaN, 'unknown'],
    ])
  })

  test('takes names in quotes, and any character in values', () => {
    expect(values('{"http.status",region="us \\"east\\"\\\\",method="G\\nT", "a.b"="😀"} 4\n{ "x" } 1\n')).toEqual([
      ['http.status', { region: 'us "east"\\', method: 'G\nT', 'a.b': '😀' }, 4],
      ['x', {}, 1],
    ])
  })

  test('may end without a line feed', () => {
    expect(values('a 1\nb{c="d"} 2')).toEqual([
      ['a', {}, 1],
      ['b', { c: 'd' }, 2],
    ])
    expect(read('a 1 1000')).toMatchObject([{ value: 1, time_ms: 1000 }])
    const { read: next } = reading('text')
    for (const page of ['a 1\nb 2', 'a 3\nb 4', 'a 5']) expect(next(page)).toHaveLength(page.split('\n').length)
  })

  test('reads times that lie beyond every calendar, such as nanoseconds, so that they cost one sample and not the page', () => {
    const times = read('a 1 1795862168074000000\nb 1 9000000000000000000\n').map(({ time_ms }) => time_ms)
    expect(times).toEqual([1_795_862_168_074_000_000, 9e18])
  })

  test('gives parts of histograms and summaries to their families, wherever they stand', () => {
    const page = `# TYPE h histogram
# TYPE s summary
h_bucket{le="+Inf"} 1
s{quantile="0.5"} 1
h_sum 1
s_count 1
h 1
h_max 1
`
    expect(read(page).map(({ name, type }) => [name, type])).toEqual([
      ['h_bucket', 'histogram'],
      ['s', 'summary'],
      ['h_sum', 'histogram'],
      ['s_count', 'summary'],
      ['h', 'histogram'],
      ['h_max', 'unknown'],
    ])
  })

  test.each([
    ['1', 1],
    ['+1', 1],
    ['-0', -0],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['1e-3', 0.001],
    ['1.7518624e+07', 17_518_624],
    ['0.013300656000000001', 0.013300656000000001],
    ['9007199254740993', 9007199254740992],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['4.9e-324', 5e-324],
    ['1e-999', 0],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['NaN', NaN],
    ['nan', NaN],
    ['+Inf', Infinity],
    ['inf', Infinity],
    ['-INF', -Infinity],
    ['Infinity', Infinity],
  ])('reads the number %s', (text, value) => {
    expect(read(`a ${text}\n`)[0]!.value).toBe(value)
  })

  test.each([
    ['a', 'a value is expected'],
    ['a \n', 'a value is expected'],
    ['a x\n', '"x" is not a number'],
    ['a 0x10\n', 'is not a number'],
    ['a 1_0\n', 'is not a number'],
    ['a 1e999\n', 'too large'],
    ['a 1 1.5\n', 'whole number of milliseconds'],
    ['a 1 99999999999999999999\n', 'whole number of milliseconds'],
    ['a 1 -\n', 'whole number of milliseconds'],
    ['a 1 1 1\n', 'behind the timestamp'],
    ['a 1\r\n', 'is not a number'],
    ['0a 1\n', 'a name is expected'],
    ['a{b="c} 1\n', 'do not end'],
    ['a{b="c\nd"} 1\n', 'do not end'],
    ['a{b="c\\\nd"} 1\n', 'do not end'],
    ['a{b=c} 1\n', 'double quotes'],
    ['a{b} 1\n', 'a label has no value'],
    ['a{="c"} 1\n', 'the name of a label is expected'],
    ['a{""="c"} 1\n', 'a label has no name'],
    ['a{b="c" d="e"} 1\n', 'a comma or a brace'],
    ['a{,} 1\n', 'the name of a label is expected'],
    ['a{b="1",b="2"} 1\n', 'stands there twice'],
    ['{} 1\n', 'a series has no name'],
    ['{""} 1\n', 'a series has one name'],
    ['a{"b"} 1\n', 'a series has one name'],
    ['# TYPE a\n', '"" is not a type'],
    ['# TYPE a stateset\n', '"stateset" is not a type'],
    ['# TYPE 1 gauge\n', 'a metric name is expected behind TYPE'],
  ])('is refused, the line named: %j', (page, message) => {
    expect(() => read(page)).toThrow(message)
    expect(() => read(page)).toThrow(/^line \d+: /)
  })

  test('is refused where it is not UTF-8', () => {
    expect(() => read(Buffer.from('a{b="\xff"} 1\n', 'latin1'))).toThrow('not UTF-8')
  })
})

describe('a target whose pages change', () => {
  test('gives each page as it is: lines come, go, change places, grow longer', () => {
    const { read: next } = reading('text')
    const names = (page: string) =>
      next(page).map(({ name, labels, value }) => `${name}${JSON.stringify(labels)}${value}`)
    expect(names('a 1\nab 2\nab{c="d"} 3\n')).toEqual(['a{}1', 'ab{}2', 'ab{"c":"d"}3'])
    expect(names('ab{c="d"} 4\nab 5\na 6\n')).toEqual(['ab{"c":"d"}4', 'ab{}5', 'a{}6'])
    expect(names('ab {c="d"} 7\na {c="d"} 8\n')).toEqual(['ab{"c":"d"}7', 'a{"c":"d"}8'])
    expect(names('')).toEqual([])
    expect(names('ab 5\nabc 6\na 7\n')).toEqual(['ab{}5', 'abc{}6', 'a{}7'])
  })

  test('that change the type of a metric are read anew', () => {
    const { read: next } = reading('text')
    const types = (page: string) => next(page).map(({ name, type }) => `${name} ${type}`)
    expect(types('a_bucket{le="1"} 1\n')).toEqual(['a_bucket unknown'])
    types('# TYPE a histogram\na_bucket{le="1"} 1\n')
    expect(types('# TYPE a histogram\na_bucket{le="1"} 1\n')).toEqual(['a_bucket histogram'])
    types('# TYPE a gauge\na_bucket{le="1"} 1\na 1\n')
    expect(types('# TYPE a gauge\na_bucket{le="1"} 1\na 1\n')).toEqual(['a_bucket unknown', 'a gauge'])
  })

  test('that never show a line again do not fill the memory', () => {
    const { reader, read: next } = reading('text')
    for (let page = 0; page < 200; page++) {
      const lines = Array.from({ length: 20 }, (_, i) => `m${page}_${i}{a="${page}"} ${i}\n`)
      expect(next(lines.join(''))).toHaveLength(20)
    }
    expect(reader.remembered).toBeLessThan(200)
    expect(next('a 1\n')).toHaveLength(1)
    expect(next('a 2\n')).toHaveLength(1)
  })
})
