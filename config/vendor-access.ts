import { join } from 'node:path'

/**
 * Where market data vendors answer, and with which keys. Keys come from the environment of a worker alone: they are in no
 * file of ours, no request, no row and no history.
 */
export type VendorAccess = {
  yahoo: { endpoint: string }
  alpaca: { endpoint: string; keyId: string | undefined; secretKey: string | undefined }
  /** an interpreter with akshare in it; `endpoint` stands in for its source's host where it is set */
  akshare: { python: string; endpoint: string | undefined }
}

/** The names of the variables are those that Alpaca's own programs read. An empty one counts as unset. */
export const vendorAccess = (env: NodeJS.ProcessEnv, stateDir: string): VendorAccess => ({
  yahoo: { endpoint: 'https://query2.finance.yahoo.com' },
  alpaca: {
    endpoint: env.APCA_API_DATA_URL || 'https://data.alpaca.markets',
    keyId: env.APCA_API_KEY_ID || undefined,
    secretKey: env.APCA_API_SECRET_KEY || undefined,
  },
  akshare: { python: join(stateDir, 'akshare/bin/python'), endpoint: undefined },
})
