import { ApplicationFailure, CancellationScope, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { DeploymentActivities, DeploymentEnd, Tallies } from '#activities/deployments.ts'
import type { Command } from '#contracts/commands.ts'
import type { CanaryStep, DeployModelInput, DeployModelResult, Route } from '#contracts/deployments.ts'
import type { ErrorCode } from '#contracts/errors.ts'
import { superviseWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { DurableRun } from './durable.ts'
import { atomic } from './proxies.ts'
import { laggards, warmReplicas } from './replica-waits.ts'
import { RolloutVerbs } from './rollout-verbs.ts'
import { type Watched, watchStretch } from './rollout-watch.ts'
import { nudgeWorkflow } from './waiters.ts'

const deployments = proxyActivities<DeploymentActivities>(atomic)

/** Who rolls back when a gate fails. */
const gateKeeper = 'rollout-gate'

/**
 * Puts an approved model version behind an endpoint: every live replica holds it before the first request goes to it,
 * traffic moves by the plan's steps while the gates are watched, and what answered before stays at hand.
 */
export async function deployModel(input: DeployModelInput): Promise<DeployModelResult> {
  const rollout = new Rollout(input)
  rollout.listen()
  const { run, plan } = rollout
  try {
    return await run.live({
      open: () => deployments.openDeployment(input),
      story: async () => {
        const check = await run.step('check', () => deployments.checkVersion(input))
        if (!check.compatible) return await rollout.refuse(check.reason)
        const rejection = plan.approval ? await rollout.approval() : undefined
        if (rejection) return await rollout.reject(rejection)
        const { revision, predecessorId } = await rollout.prepare(check.route)
        const refusal = await warmReplicas(run, { endpoint: input.endpoint, revision })
        if (refusal !== null) return await rollout.refuse(refusal)
        if (plan.strategy === 'immediate') return await rollout.switchAndEnd(revision)
        const early = plan.strategy === 'canary' && predecessorId !== null ? await rollout.canaries(predecessorId) : undefined
        if (early) return early
        const before = await rollout.activate(predecessorId)
        return await rollout.bake(revision, predecessorId, before)
      },
      stopped: (by) => rollout.close({ state: 'stopped', reason: `stopped by ${by}` }),
      failed: (reason) => rollout.close({ state: 'failed', reason }),
    })
  } finally {
    await CancellationScope.nonCancellable(() => rollout.tell())
  }
}

class Rollout {
  readonly run: DurableRun
  readonly plan: DeployModelInput['plan']
  private readonly input: DeployModelInput
  private readonly verbs: RolloutVerbs
  private revision: number | null = null

  constructor(input: DeployModelInput) {
    this.input = input
    this.plan = input.plan
    this.run = new DurableRun('deployment', input.deploymentId)
    this.verbs = new RolloutVerbs(this.run)
  }

  listen(): void {
    this.run.listen()
    this.verbs.listen()
    upsertSearchAttributes([
      { key: searchAttributeKey('Endpoint'), value: this.input.endpoint },
      { key: searchAttributeKey('ModelName'), value: this.input.model.name },
      { key: searchAttributeKey('TriggeredBy'), value: this.input.origin.by },
    ])
  }

  async prepare(route: Route): Promise<{ revision: number; predecessorId: string | null }> {
    const prepared = await this.run.step('prepare', () => deployments.prepareRoute({ endpoint: this.input.endpoint, route }))
    this.revision = prepared.revision
    return prepared
  }

  /** The command by which it was rejected; undefined when it was approved. */
  async approval(): Promise<Command | undefined> {
    const { verdict, command } = await this.run.approval('approval')
    return verdict === 'reject' ? command : undefined
  }

  /** Step by step; the result when it ended before the switch. */
  async canaries(predecessorId: string): Promise<DeployModelResult | undefined> {
    for (const step of this.plan.steps) {
      if (this.verbs.promotion) return undefined
      const watched = await this.canary(step, predecessorId)
      if (watched.by === 'promotion') return undefined
      if (watched.by === 'rollback') return await this.undo(watched.command)
      if (watched.reading.verdict === 'failed') return await this.undo(this.byGate(watched.reading.reason))
      if (watched.reading.verdict === 'inconclusive') throw inconclusive(watched.reading)
    }
    return undefined
  }

  /** The switch; what the version had answered before it. */
  async activate(predecessorId: string | null): Promise<Tallies> {
    this.verbs.answers = true
    this.verbs.isFirst = predecessorId === null
    const { before } = await this.run.step('activate', () => deployments.activateDeployment(this.input))
    await this.tell()
    return before
  }

  /** The switch stands while the gates are watched: a gate that fails undoes it, too few answers do not. */
  async bake(revision: number, predecessorId: string | null, before: Tallies): Promise<DeployModelResult> {
    this.run.enter('bake')
    const watched = await this.watch('bake', predecessorId, before, this.plan.bakeSeconds)
    if (watched.by === 'rollback') return await this.undo(watched.command)
    if (watched.by === 'promotion') return await this.finish(revision, null)
    const { verdict, reason } = watched.reading
    if (verdict === 'passed') return await this.finish(revision, null)
    if (verdict === 'inconclusive') return await this.finish(revision, `the bake was inconclusive: ${reason}`)
    if (predecessorId === null) return await this.finish(revision, `a gate failed, and nothing answered before: ${reason}`)
    return await this.undo(this.byGate(reason))
  }

  /** Without a bake: the switch is the last step. */
  switchAndEnd(revision: number): Promise<DeployModelResult> {
    return this.run.conclude('activate', async () => {
      await deployments.activateDeployment(this.input)
      const reason = await laggards({ endpoint: this.input.endpoint, revision })
      return { deploymentId: this.input.deploymentId, state: 'active', revision, reason }
    })
  }

  refuse(reason: string): Promise<DeployModelResult> {
    return this.run.conclude('refuse', () => this.close({ state: 'refused', reason }))
  }

  reject(command: Command): Promise<DeployModelResult> {
    return this.run.conclude('reject', () => this.close({ state: 'rejected', reason: `rejected ${asSaid(command)}` }))
  }

  /** What the row says in the end is the result. */
  async close(end: Omit<DeploymentEnd, 'deploymentId'>): Promise<DeployModelResult> {
    const { deploymentId } = this.input
    return { deploymentId, ...(await deployments.closeDeployment({ deploymentId, ...end } as DeploymentEnd)) }
  }

  /** Whoever waits for this rollout reads its row again. */
  async tell(): Promise<void> {
    const { endpoint, notify } = this.input
    await Promise.all([...new Set([superviseWorkflowId(endpoint), ...(notify === undefined ? [] : [notify])])].map(nudgeWorkflow))
  }

  /** Moves a share of the requests, and watches the gates for the step's time. */
  private async canary({ share, seconds }: CanaryStep, predecessorId: string): Promise<Watched> {
    const { deploymentId } = this.input
    const step = `canary ${Number((share * 100).toPrecision(6))} %`
    // from here on it may answer, and may be undone
    this.verbs.answers = true
    const before = await this.run.step(step, () => deployments.shiftTraffic({ deploymentId, predecessorId, share }))
    return await this.watch(step, predecessorId, before, seconds)
  }

  private async watch(step: string, predecessorId: string | null, before: Tallies, seconds: number): Promise<Watched> {
    const { deploymentId } = this.input
    const { gates, patienceSeconds } = this.plan
    const question = { deploymentId, predecessorId, step, before, gates }
    const watched = await watchStretch(this.run, this.verbs, question, { seconds, patienceSeconds })
    if (watched.by === 'gates') await this.run.always(() => deployments.recordGateReading({ deploymentId, reading: watched.reading }))
    return watched
  }

  private finish(revision: number, reason: string | null): Promise<DeployModelResult> {
    return this.run.conclude('finish', async () => {
      const late = await laggards({ endpoint: this.input.endpoint, revision })
      return await this.close({ state: 'active', reason: [reason, late].filter((text) => text !== null).join('; ') || null })
    })
  }

  private byGate(reason: string): Command {
    return { commandId: this.input.deploymentId, by: gateKeeper, reason }
  }

  /** Not even a pause holds it up. */
  private undo(command: Command): Promise<DeployModelResult> {
    return this.run.concludeNow('roll back', async () => {
      await deployments.rollBackDeployment({ deploymentId: this.input.deploymentId, command })
      const { revision } = this
      return { deploymentId: this.input.deploymentId, state: 'rolled_back', revision, reason: `rolled back ${asSaid(command)}` }
    })
  }
}

const asSaid = ({ by, reason }: Command) => `by ${by}${reason === undefined ? '' : `: ${reason}`}`

const undecided: ErrorCode = 'gate_refused'
const inconclusive = ({ step, reason }: { step: string; reason: string }) =>
  ApplicationFailure.nonRetryable(`${step} was inconclusive, so nothing was switched: ${reason}`, undecided)
