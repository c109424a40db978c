// The console in a real browser, on canned answers: what a person would see, and that nothing breaks.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type ConsoleServer, serveConsole } from './console/server.ts'
import { Story } from './console/story.ts'

const CHROMIUM = process.env['BAROGRAPH_TEST_CHROMIUM'] ?? ''
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const DESK = { width: 1360, height: 900 }
const NAV_FITS = `(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(document.querySelector('nav'))`
const PHONE = { width: 390, height: 844 }

function screenshotFolder(): string {
  const wanted = process.env['BAROGRAPH_SCREENSHOTS'] ?? ''
  if (wanted === '') return mkdtempSync(join(tmpdir(), 'barograph-console-'))
  mkdirSync(wanted, { recursive: true })
  return wanted
}

describe.skipIf(CHROMIUM === '')('the console (set BAROGRAPH_TEST_CHROMIUM to a Chromium to run)', () => {
  const story = new Story(Date.now())
  const problems: string[] = []
  let browser: Browser
  let server: ConsoleServer
  let folder: string

  beforeAll(async () => {
    folder = screenshotFolder()
    server = await serveConsole(story)
    browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: DESK,
      locale: 'en-GB',
      timezoneId: 'Asia/Shanghai',
      ...options,
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`))
    page.on('console', (message) => {
      // The browser tells of every answer that is not 2xx; a refused query is meant to be one.
      if (message.type() === 'error' && !message.text().includes('status of 4')) {
        problems.push(`${page.url()}: ${message.text()}`)
      }
    })
    return page
  }

  async function visit(hash: string): Promise<Page> {
    const page = await open()
    await page.goto(`${server.url}/${hash}`)
    await page.locator('main h1').first().waitFor({ state: 'attached' })
    return page
  }

  async function shoot(page: Page, name: string): Promise<void> {
    const loading = page.locator('.section-body > .faint', { hasText: /^(Loading|加载)/ })
    await expect.poll(() => loading.count()).toBe(0)
    await page.waitForTimeout(150)
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  }

  async function drawn(page: Page): Promise<number> {
    await page.locator('.chart canvas').first().waitFor()
    return page.locator('.chart canvas').count()
  }

  async function rows(page: Page, count: number): Promise<void> {
    await expect.poll(() => page.locator('tbody tr').count()).toBe(count)
  }

  /** No part of the page reaches out of the window sideways. */
  async function fits(page: Page): Promise<boolean> {
    return page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth')
  }

  test('the overview puts the open incident first, then hints, then live series with their bands', async () => {
    const page = await visit('')
    const card = page.locator('.incident-card')
    await card.waitFor()
    expect(await card.innerText()).toContain('checkout slow: payments-db')
    expect(await card.innerText()).toContain('critical')
    expect(await card.innerText()).toContain('payments-db 2.14.0')
    expect(await page.locator('tr', { hasText: 'checkout' }).first().innerText()).toMatch(/7.*5–9[\s\S]*demand 640/)
    expect(await page.locator('tr', { hasText: 'nightly' }).innerText()).toContain('no demand was ever seen')
    expect(await drawn(page)).toBe(5)
    const heads = await page.locator('h2').allInnerTexts()
    expect(heads.map((text) => text.replace(/\d+$/, '').trim())).toEqual([
      'Open incidents',
      'Scaling',
      'Live series',
      'Pipeline',
    ])
    expect(await page.locator('.series-card h3').first().innerText()).toMatch(/Latency/)
    await page.locator('.live-on').waitFor()
    expect(await page.locator('.tile', { hasText: 'Series' }).innerText()).toContain('4.21 k')
    await shoot(page, 'overview-light')
    await page.context().close()
  })

  test('an incident tells its cause, the change that began it, its timeline, and draws its findings', async () => {
    const page = await visit('#/incidents/i_1f3a')
    await page.locator('.incident-head h1').waitFor()
    expect(await page.title()).toBe('checkout slow: payments-db · Barograph')
    expect(await page.locator('.cause-first').innerText()).toMatch(/payments-db[\s\S]*71 %/)
    expect(await page.locator('.change-card').innerText()).toContain('drop index orders_by_customer')
    expect(await page.locator('.timeline .event').count()).toBe(7)
    expect(await page.locator('.joins').innerText()).toContain('checkout calls payments-db; 60 s apart')
    expect(await drawn(page)).toBeGreaterThanOrEqual(2)
    // What others wrote stays text.
    expect(await page.locator('main').innerText()).toContain('<img src=x onerror=')
    expect(await page.locator('main img').count()).toBe(0)
    await shoot(page, 'incident-light')
    await page.context().close()
  })

  test('a person acknowledges an incident, and the page hears of what others do', async () => {
    const page = await visit('#/incidents/i_1f3a')
    await page.getByRole('button', { name: 'Acknowledge' }).click()
    await page.locator('.state-acknowledged').waitFor()
    expect(story.state).toBe('acknowledged')
    expect(await page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0)
    story.state = 'resolved'
    await page.locator('.live-on').waitFor()
    server.push('incident', { type: 'resolved', at: new Date(story.now_ms).toISOString() })
    await page.locator('.state-resolved').waitFor()
    story.state = 'open'
    await page.context().close()
  })

  test('a person says what a finding was, where it stands alone, and of all that belong together at once', async () => {
    const page = await visit('#/findings')
    await rows(page, 3)
    await shoot(page, 'findings-light')
    await page.getByRole('link', { name: 'over', exact: true }).click()
    await rows(page, 1)
    await page.goto(`${server.url}/#/findings/f_db`)
    expect(await drawn(page)).toBe(1)
    expect(await page.locator('main').innerText()).toMatch(/Belongs to: checkout slow: payments-db/)
    const pressed = page.locator('.feedback button[aria-pressed=true]')
    await page.getByRole('button', { name: 'expected', exact: true }).click()
    await expect.poll(() => pressed.allInnerTexts()).toEqual(['expected'])
    await shoot(page, 'finding-light')
    await page.goto(`${server.url}/#/incidents/i_1f3a`)
    await page.getByRole('group', { name: 'All of these were' }).getByRole('button', { name: 'real trouble' }).click()
    await expect.poll(() => pressed.allInnerTexts()).toEqual(Array.from({ length: 4 }, () => 'real trouble'))
    await page.goto(`${server.url}/#/findings/f_none`)
    await page.getByText('There is no such finding').waitFor()
    await page.context().close()
  })

  test('the list of incidents is filtered by state', async () => {
    const page = await visit('#/incidents')
    await page.locator('tbody tr').first().waitFor()
    expect(await page.locator('tbody tr').count()).toBe(2)
    await shoot(page, 'incidents-light')
    await page.getByRole('link', { name: 'resolved', exact: true }).click()
    await rows(page, 1)
    expect(await page.locator('tbody tr').innerText()).toContain('search unusual')
    await page.goto(`${server.url}/#/incidents/i_none`)
    await page.getByText('There is no such incident.').waitFor()
    await page.context().close()
  })

  test('the series browser completes names, draws a query, and shows where an error is', async () => {
    const page = await visit('#/series')
    await page.getByText('Type a PromQL expression').waitFor()
    await shoot(page, 'series-empty-light')
    const field = page.getByRole('combobox')
    await field.fill('')
    await field.pressSequentially('system_')
    await page.locator('.suggestions li').first().waitFor()
    expect(await page.locator('.suggestions li').allInnerTexts()).toEqual([
      'system_cpu_utilization',
      'system_memory_usage_bytes',
    ])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    expect(await drawn(page)).toBe(1)
    expect(await page.locator('tbody').innerText()).toContain('node-3')
    await field.fill('sum by (rule) (barograph_score)')
    await page.keyboard.press('Enter')
    await rows(page, 5)
    await page.locator('.chart canvas').first().waitFor()
    await page.locator('.u-over').hover()
    expect(await page.locator('.chart-reading').innerText()).toContain('UTC')
    await shoot(page, 'series-light')
    await field.fill('rate(nothing[5m)')
    await page.keyboard.press('Enter')
    await page.locator('.query-error').waitFor()
    expect(await page.locator('.query-error').innerText()).toContain('line 1, column 14')
    await shoot(page, 'series-error-light')
    await page.context().close()
  })

  test('a forecast shows the future with its quantiles, how far to trust it, and who follows it', async () => {
    const page = await visit('#/forecast')
    expect(await drawn(page)).toBe(1)
    expect(await page.locator('.forecast').innerText()).toMatch(/holt_winters[\s\S]*0\.34/)
    expect(await page.locator('.forecast').innerText()).toMatch(/q0\.9\s*91 %/)
    expect(await page.locator('.forecast-hints').innerText()).toContain('wants 7 replicas, 4 needed now')
    await shoot(page, 'forecast-light')
    await page.context().close()
  })

  test('it is whole in the dark, on a phone and in Chinese', async () => {
    const looks: [string, BrowserContextOptions][] = [
      ['dark', { colorScheme: 'dark' }],
      ['phone', { viewport: PHONE, deviceScaleFactor: 2, hasTouch: true }],
      ['chinese', { locale: 'zh-CN' }],
    ]
    const views = {
      overview: '',
      incidents: '#/incidents',
      incident: '#/incidents/i_1f3a',
      findings: '#/findings',
      finding: '#/findings/f_db',
      series: '#/series?q=sum+by+%28rule%29+%28barograph_score%29',
      forecast: '#/forecast?q=checkout_demand',
    }
    for (const [look, options] of looks) {
      const page = await open(options)
      for (const [view, hash] of Object.entries(views)) {
        await page.goto(`${server.url}/${hash}`)
        if (view === 'incidents') await rows(page, 2)
        else if (view === 'findings') await rows(page, 3)
        else await drawn(page)
        expect(await fits(page), `${view} ${look}`).toBe(true)
        expect(await page.evaluate(NAV_FITS), `${view} ${look}`).toBe(true)
        expect(await page.locator('nav').first().innerText()).toContain(look === 'chinese' ? '总览' : 'Overview')
        await shoot(page, `${view}-${look}`)
      }
      await page.context().close()
    }
  })

  test('it can be walked through by keyboard', async () => {
    const page = await visit('')
    await page.locator('.incident-card').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip')
    await page.locator('.incident-card a').focus()
    await page.keyboard.press('Enter')
    await page.locator('.incident-head h1').waitFor()
    await page.context().close()
  })

  test('it asks for nothing that is not there, and nothing went wrong on the way', () => {
    expect(server.unknown).toEqual([])
    expect(problems).toEqual([])
  })
})
