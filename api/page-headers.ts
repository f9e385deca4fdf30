import type { Context } from 'hono'

/** A page that loads nothing, runs nothing and belongs to no origin, whatever was written into it. */
const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

export function guardPage(c: Context): void {
  c.header('content-security-policy', contentSecurityPolicy)
  c.header('x-content-type-options', 'nosniff')
}
