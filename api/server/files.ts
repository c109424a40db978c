import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'

import type { Context } from 'hono'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

/** Scripts and styles from here alone; styles may also stand in the page, charts set them. */
export const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'"

/** A file of a kind that a page needs; undefined where there is none. Asked again with its tag, it answers 304. */
export async function fileResponse(c: Context, path: string): Promise<Response | undefined> {
  const type = TYPES[extname(path)]
  const bytes = type === undefined ? undefined : await readFile(path).catch(() => undefined)
  if (type === undefined || bytes === undefined) return undefined
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  const headers = {
    // Kept, but asked for each time: a new version shows at once.
    'cache-control': 'no-cache',
    'content-security-policy': PAGE_POLICY,
    'content-type': type,
    etag,
    'x-content-type-options': 'nosniff',
  }
  if (c.req.header('if-none-match')?.includes(etag) === true) return new Response(null, { status: 304, headers })
  return new Response(new Uint8Array(bytes), { headers })
}
