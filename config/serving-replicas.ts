import type { Config } from './config.ts'

/** Where each serving replica of this machine listens and is found: the first as configured, the others on the ports after. */
export function servingReplicas({ serving }: Pick<Config, 'serving'>): Config['serving'][] {
  return Array.from({ length: serving.replicas }, (_, index) => {
    if (index === 0 || serving.port === 0) return serving
    const port = serving.port + index
    const host = serving.host === '0.0.0.0' || serving.host === '::' ? '127.0.0.1' : serving.host
    return { ...serving, port, url: `http://${host}:${port}` }
  })
}
