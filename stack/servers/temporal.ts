import { join } from 'node:path'
import { searchAttributeNames } from '#contracts/search-attributes.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { ensureNamespace } from '../namespace.ts'
import { loopback } from '../ports.ts'
import type { ManagedProcess } from '../managed-process.ts'
import { program } from './programs.ts'

export type TemporalSettings = { stateDir: string; python: string; port: number; uiPort: number; namespace: string }

/**
 * How often a second the server looks for tasks to hand out, at most. Its default of 20 spares the database of a cluster
 * with thousands of shards; here is one shard, and each step of a workflow would wait up to 50 ms.
 */
const looksASecond = 1_000

/** Temporal's own server, UI and CLI in one program, with its state in a file. */
export function temporalServer(settings: TemporalSettings): ManagedProcess {
  const address = `${loopback}:${settings.port}`
  return {
    name: 'temporal',
    after: [],
    fingerprint: fingerprintOf(settings),
    url: `http://${loopback}:${settings.uiPort}`,
    command: () => ({
      file: program('temporal', settings.python, 'QUANTLOOP_TEMPORAL_ADDRESS'),
      args: ['server', 'start-dev', '--ip', loopback, '--port', String(settings.port), '--ui-port', String(settings.uiPort)]
        .concat('--db-filename', join(settings.stateDir, 'temporal.db'), '--namespace', settings.namespace, '--ui-disable-news-fetch')
        .concat('--dynamic-config-value', `history.transferProcessorMaxPollRPS=${looksASecond}`)
        .concat(searchAttributeNames.flatMap((name) => ['--search-attribute', `${name}=Keyword`])),
      env: { PATH: process.env.PATH ?? '', HOME: settings.stateDir, TEMPORAL_DISABLE_ENV_CONFIG: 'true' },
      cwd: settings.stateDir,
    }),
    ready: () => ensureNamespace({ address, namespace: settings.namespace }),
    readyWithinMs: 60_000,
    farewell: { signal: 'SIGTERM', graceMs: 15_000 },
  }
}
