import type { DeployModelInput, Route } from '#contracts/deployments.ts'
import { type ErrorCode, QuantloopError } from '#contracts/errors.ts'
import type { LabelDefinition } from '#contracts/features.ts'
import { ModelSidecar, type Stage } from '#contracts/models.ts'
import type { Database } from '#db/client.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { readVersionToDeploy } from '#db/queries/version-to-deploy.ts'
import { parse } from '#domain/expressions/parse.ts'
import { print } from '#domain/expressions/print.ts'
import { checkOnnx } from '#inference/onnx-model.ts'
import type { ObjectStore } from '#storage/object-store.ts'

export type Compatibility = { compatible: true; route: Route } | { compatible: false; reason: string }

const deployable: ReadonlySet<Stage> = new Set(['staging', 'production'])
/** What says that this version cannot be served; all else is trouble on the way, and worth another try. */
const verdicts: ReadonlySet<ErrorCode> = new Set(['incompatible_version', 'artifact_invalid', 'object_missing', 'object_corrupt'])

/** Whether replicas could answer with this version, and by which route. */
export async function checkVersion(db: Database, objects: ObjectStore, input: DeployModelInput): Promise<Compatibility> {
  try {
    return { compatible: true, route: await routeTo(db, objects, input) }
  } catch (error) {
    if (error instanceof QuantloopError && verdicts.has(error.code)) return { compatible: false, reason: error.message }
    throw error
  }
}

async function routeTo(db: Database, objects: ObjectStore, { deploymentId, endpoint, model }: DeployModelInput): Promise<Route> {
  const name = `${model.name}@${model.version}`
  const row = await readVersionToDeploy(db, model)
  if (row === undefined) throw incompatible(`there is no model version ${name}`)
  if (!deployable.has(row.stage))
    throw incompatible(`${name} is at stage ${row.stage}: only staging and production may be deployed, so approve it first`)

  const sidecar = parseSidecar(name, await objects.get(row.sidecar))
  if (sidecar.onnx.sha256 !== row.onnx.sha256)
    throw incompatible(`${name} is registered with the ONNX file ${row.onnx.sha256}, but its sidecar names ${sidecar.onnx.sha256}`)
  if (sidecar.featureHash !== row.featureHash)
    throw incompatible(`${name} is registered with the feature hash ${row.featureHash}, but its sidecar names ${sidecar.featureHash}`)
  if (sidecar.featureOrder.length !== sidecar.input.features)
    throw incompatible(`the sidecar of ${name} names ${sidecar.featureOrder.length} features for an input of ${sidecar.input.features}`)
  checkOnnx(await objects.get(row.onnx), { features: sidecar.input.features })

  if (!row.datasetExists) throw incompatible(`${name} reads the dataset ${row.dataset}, which does not exist`)
  if (!row.hasFeatureRows)
    throw incompatible(
      `${name} reads features ${row.featureHash} of ${row.dataset}, and no row of them is there: build the feature set first`,
    )
  const { label } = sidecar.recipe
  const asked = (await findEndpoint(db, endpoint))?.active?.label
  if (asked !== undefined && !sameQuestion(asked, label))
    throw incompatible(
      `${name} predicts ${label.expression} (${label.kind}), but endpoint ${endpoint} answers ${asked.expression} (${asked.kind}): deploy it to an endpoint of its own`,
    )
  return { deploymentId, model, onnx: row.onnx, sidecar: row.sidecar, dataset: row.dataset, featureHash: row.featureHash, label }
}

/** However it is written, and whatever it is compared with: clients read the answers as the same quantity. */
const sameQuestion = (one: LabelDefinition, two: LabelDefinition): boolean =>
  one.kind === two.kind && print(parse(one.expression)) === print(parse(two.expression))

function parseSidecar(name: string, bytes: Uint8Array): ModelSidecar {
  let content: unknown
  try {
    content = JSON.parse(new TextDecoder().decode(bytes))
  } catch (error) {
    throw incompatible(`the sidecar of ${name} is no JSON: ${(error as Error).message}`)
  }
  const parsed = ModelSidecar.safeParse(content)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw incompatible(`the sidecar of ${name} does not fit its contract: ${issue?.path.join('.')}: ${issue?.message}`)
}

const incompatible = (message: string) => new QuantloopError('incompatible_version', message)
