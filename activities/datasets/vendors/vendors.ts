import type { VendorAccess } from '#config/vendor-access.ts'
import { VendorClient, type VendorRules } from './vendor-client.ts'

/** One client a vendor and process: its rate and its circuit are of all syncs together. */
export type Vendors = { access: VendorAccess; yahoo: VendorClient; alpaca: VendorClient; akshare: VendorClient }

const rules = {
  retries: 4,
  firstWaitMs: 500,
  longestWaitMs: 30_000,
  failures: 5,
  halfOpenAfterMs: 30_000,
  silenceMs: 20_000,
  mostBytes: 64 * 1024 * 1024,
} satisfies Partial<VendorRules>

export const createVendors = (access: VendorAccess, overrides: Partial<VendorRules> = {}): Vendors => ({
  access,
  // unofficial, and so without a stated limit: one request a second has been let pass
  yahoo: new VendorClient({ name: 'Yahoo', requestsPerMinute: 60, ...rules, ...overrides }),
  // the limit of its free plan
  alpaca: new VendorClient({ name: 'Alpaca', requestsPerMinute: 200, ...rules, ...overrides }),
  // it reads web pages, whose owners shut out who asks fast
  akshare: new VendorClient({ name: 'AKShare', requestsPerMinute: 30, ...rules, ...overrides }),
})
