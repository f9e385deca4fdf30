import type { Context } from 'hono'

/** A page that loads nothing, runs nothing and belongs to no origin, whatever was written into it. */
const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

/** Answers with a report: a whole HTML document. */
export function reportPage(c: Context, page: string) {
  c.header('content-security-policy', contentSecurityPolicy)
  c.header('x-content-type-options', 'nosniff')
  return c.html(page, 200)
}
