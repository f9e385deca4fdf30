import type { ProcessIdentity } from './process-identity.ts'

/** A program to start. Its output goes to a log file, never to its parent, which may die before it. */
export type Command = {
  file: string
  args: string[]
  env: Record<string, string>
  cwd: string
  /** the unprivileged account to run as */
  account?: { uid: number; gid: number }
}

/** How a process is asked to end, and how long it may take before it is killed. */
export type Farewell = { signal: 'SIGTERM' | 'SIGINT'; graceMs: number }

/** One process that the supervisor keeps running. */
export type ManagedProcess = {
  name: string
  /** names of those that it needs: they start before it and stop after it */
  after: string[]
  url?: string
  /** changes with whatever it is started with */
  fingerprint: string
  /** runs before each start, with no process of this name alive */
  prepare?: () => Promise<void>
  command: () => Command
  /** resolves when the process does its work; rejects, with the reason, while it does not */
  ready: (identity: ProcessIdentity) => Promise<void>
  readyWithinMs: number
  farewell: Farewell
}
