/** What a chapter of the demo is given, and what it leaves behind. */
import type { TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from '../client.ts'
import type { LoadCount } from './outside-load.ts'
import type { DemoReport } from './report.ts'
import type { Watching } from './watching.ts'

/** Tells how far a step is: `fraction` in [0, 1] where it is known. */
export type Progress = (text: string, fraction?: number) => void

export type Scene = {
  client: ApiClient
  /** one client for each serving replica, for who wants to ask a certain one */
  replicas: readonly ApiClient[]
  draft: Draft
  progress: Progress
  /** a line that stays, where progress is drawn over */
  say: (line: string) => void
}

export type Chapter = { name: string; title: string; tell: (scene: Scene) => Promise<string> }

/** The report as it grows, and what later chapters need of earlier ones; whole once every chapter was told. */
export type Draft = Partial<DemoReport> & {
  /** where the page is to be written */
  reportFile?: string
  trained?: { champion: TrainingRun; standIn: TrainingRun }
  versions?: Versions
  watching?: Watching
  /** what clients saw of each retrain's rollout */
  canaryLoads?: ReadonlyMap<string, LoadCount>
  /** the deployment that can be rolled back */
  current?: { deploymentId: string; model: Version }
}

export type Version = { name: string; version: number }

/** What answers first, and what can take its place by hand. */
type Versions = { champion: Version; standIn: Version }

/** What an earlier chapter left. */
export function told<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an earlier chapter has not been told')
  return value
}
