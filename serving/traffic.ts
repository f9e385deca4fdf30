import { isCanaryTurn, placeOfUnit } from '#domain/rollout/traffic-split.ts'
import type { ServedModel } from './served-model.ts'

export type Arm = 'active' | 'canary'

/** What one request is answered by, from its first look to its answer: `let` says that it is over. */
export type Held = { model: ServedModel; revision: number; arm: Arm; let: () => void }

/**
 * Who asks: a unit stays on its side, a version that is named must be in force, anybody else takes turns. Who `onlyLooks`
 * sees the active version and takes nobody's turn.
 */
export type Asker = { unitId?: string | undefined; version?: string | undefined; onlyLooks?: true }

type Side = { model: ServedModel; revision: number }

/** What an endpoint answers by at this replica: one version, or two while a canary takes a share. */
export class Traffic {
  readonly active: Side
  readonly canary: (Side & { share: number }) | undefined
  private turn = 0

  constructor(active: Side, canary?: Side & { share: number }) {
    this.active = active
    this.canary = canary
  }

  /** Undefined when the named version is not in force. */
  hold(asker: Asker): Held | undefined {
    const arm = this.armOf(asker)
    if (arm === undefined) return undefined
    const { model, revision } = arm === 'canary' && this.canary ? this.canary : this.active
    return { model, revision, arm, let: model.hold() }
  }

  versions(): string[] {
    return [this.active, ...(this.canary ? [this.canary] : [])].map(({ model }) => versionOf(model))
  }

  equals(other: Traffic | undefined): boolean {
    return (
      other !== undefined &&
      this.active.model === other.active.model &&
      this.active.revision === other.active.revision &&
      this.canary?.model === other.canary?.model &&
      this.canary?.share === other.canary?.share
    )
  }

  private armOf({ unitId, version, onlyLooks }: Asker): Arm | undefined {
    const { canary } = this
    if (version !== undefined) {
      if (version === versionOf(this.active.model)) return 'active'
      return canary && version === versionOf(canary.model) ? 'canary' : undefined
    }
    if (canary === undefined || onlyLooks) return 'active'
    if (unitId !== undefined) return placeOfUnit(canary.model.route.deploymentId, unitId) < canary.share ? 'canary' : 'active'
    return isCanaryTurn(++this.turn, canary.share) ? 'canary' : 'active'
  }
}

export const versionOf = ({ route }: ServedModel): string => `${route.model.name}@${route.model.version}`
