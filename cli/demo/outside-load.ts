/** Requests from outside while a rollout is on its way: who answered, when, and whether anything failed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient } from '../client.ts'
import * as scenario from './scenario.ts'

/** `at` is when the answer was there, in milliseconds of this process's clock. */
type Answer = { at: number; replica: number; version: string }

export type LoadCount = { seconds: number; replicas: number; requests: number; failed: number; versions: Record<string, number> }

/** Asks every replica again and again, one request at a time each, until it is stopped. */
export class OutsideLoad {
  readonly answers: Answer[] = []
  private failed = 0
  private stopped = false
  private readonly began = performance.now()
  private readonly loops: Promise<void>[]
  private readonly replicas: readonly ApiClient[]

  constructor(replicas: readonly ApiClient[], endpoint: string, pauseMs: number) {
    this.replicas = replicas
    this.loops = replicas.map((client, replica) => this.ask(client, replica, endpoint, pauseMs))
  }

  async stop(): Promise<LoadCount> {
    this.stopped = true
    await Promise.all(this.loops)
    const versions: Record<string, number> = {}
    for (const { version } of this.answers) versions[version] = (versions[version] ?? 0) + 1
    const requests = this.answers.length + this.failed
    const seconds = Math.round(performance.now() - this.began) / 1000
    return { seconds, replicas: this.replicas.length, requests, failed: this.failed, versions }
  }

  private async ask(client: ApiClient, replica: number, endpoint: string, pauseMs: number): Promise<void> {
    while (!this.stopped) {
      try {
        const { model } = await client.predict(endpoint, scenario.symbols)
        this.answers.push({ at: performance.now(), replica, version: `${model.name}@${model.version}` })
      } catch {
        this.failed++
      }
      await sleep(pauseMs)
    }
  }
}
