import fc from 'fast-check'
import { expect, test } from 'vitest'

import { CivilTime, isZone, parseDays } from './civil-time.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const clock = (civil: CivilTime, text: string): string => {
  civil.set(Date.parse(text))
  const day = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'][Math.floor(civil.week_ms / DAY)]
  return `${day} ${new Date(civil.day_ms).toISOString().slice(11, 19)}`
}

test('clocks in Berlin go forward and back to the second', () => {
  const berlin = new CivilTime({ zone: 'Europe/Berlin' })
  expect(clock(berlin, '2026-03-29T00:59:59Z')).toBe('Sun 01:59:59')
  expect(clock(berlin, '2026-03-29T01:00:00Z')).toBe('Sun 03:00:00')
  expect(clock(berlin, '2026-10-25T00:59:59Z')).toBe('Sun 02:59:59')
  expect(clock(berlin, '2026-10-25T01:00:00Z')).toBe('Sun 02:00:00')
  expect(clock(berlin, '2026-03-29T00:59:59Z')).toBe('Sun 01:59:59')
})

test('half hours, zones behind Greenwich, and times before 1970', () => {
  expect(clock(new CivilTime({ zone: 'Asia/Kolkata' }), '2026-07-01T20:00:00Z')).toBe('Thu 01:30:00')
  expect(clock(new CivilTime({ zone: 'America/St_Johns' }), '2026-07-01T00:00:00Z')).toBe('Tue 21:30:00')
  expect(clock(new CivilTime(), '1969-12-31T23:00:00Z')).toBe('Wed 23:00:00')
})

test('holidays are Sundays, by the date of the place', () => {
  const shanghai = new CivilTime({ zone: 'Asia/Shanghai', holidays: ['2026-10-01/2026-10-07', '2026-01-01'] })
  expect(clock(shanghai, '2026-09-30T15:59:59Z')).toBe('Wed 23:59:59')
  expect(clock(shanghai, '2026-09-30T16:00:00Z')).toBe('Sun 00:00:00')
  expect(clock(shanghai, '2026-10-06T10:00:00Z')).toBe('Sun 18:00:00')
  expect(clock(shanghai, '2026-10-07T16:00:00Z')).toBe('Thu 00:00:00')
  expect(clock(shanghai, '2026-01-01T08:00:00Z')).toBe('Sun 16:00:00')
})

test('days and ranges of days are read, and nothing else', () => {
  expect(parseDays('1970-01-02')).toEqual([1])
  expect(parseDays('1970-01-30/1970-02-01')).toEqual([29, 30, 31])
  for (const text of ['', 'cn', '2026-2-1', '2026-02-30', '2026-02-02/2026-02-01', '2026-01-01/2028-01-01', 'a/b/c'])
    expect(parseDays(text)).toBeUndefined()
  expect([isZone('Asia/Shanghai'), isZone('UTC'), isZone('Mars/Olympus'), isZone('')]).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('the time of day is what the formatter of the runtime says, in whatever order times come', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Kathmandu']
  const all = zones.map((zone) => ({
    civil: new CivilTime({ zone }),
    format: new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeStyle: 'medium', hourCycle: 'h23' }),
  }))
  const times = fc.array(fc.integer({ min: Date.UTC(2000), max: Date.UTC(2037) }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(fc.constantFrom(...all), times, ({ civil, format }, at) => {
      for (const time_ms of at) {
        civil.set(time_ms)
        expect(new Date(civil.day_ms).toISOString().slice(11, 19)).toBe(format.format(time_ms))
      }
    }),
    { numRuns: 40 },
  )
})
