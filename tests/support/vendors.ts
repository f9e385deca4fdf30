import { createVendors } from '#activities/datasets/vendors/vendors.ts'
import { vendorAccess } from '#config/vendor-access.ts'

/** For tests that ask no vendor: addresses on which nothing listens, and no keys. */
export const noVendors = createVendors({
  ...vendorAccess({}, '/nowhere'),
  yahoo: { endpoint: 'http://127.0.0.1:9' },
  alpaca: { endpoint: 'http://127.0.0.1:9', keyId: undefined, secretKey: undefined },
})
