import type { Context } from 'hono'
import { QuantloopError } from '#contracts/errors.ts'
import type { ModelSidecar } from '#contracts/models.ts'
import { PredictRequest, type PredictionInput, type PredictResponse } from '#contracts/predictions.ts'
import { Name } from '#contracts/words.ts'
import { answer } from './answer.ts'
import { asked } from './asked.ts'
import { readBody } from './errors.ts'
import type { FeatureRow } from './feature-rows.ts'
import type { ServedModel } from './served-model.ts'
import type { ServingWorld } from './world.ts'

/** `POST /v1/endpoints/{name}/predict`: the newest feature row of each symbol, through the version in force. */
export const predictBySymbol = (world: ServingWorld) => async (c: Context) => {
  const endpoint = endpointName(c.req.param('name'))
  const { symbols, session: wanted, unitId } = await readBody(c, PredictRequest)
  return await asked(world, endpoint, { unitId }, async (held) => {
    const { model, revision } = held
    const rows = rowsOf(world, model, symbols)
    assertSession(rows, wanted)
    const width = model.sidecar.input.features
    const values = new Float32Array(rows.length * width)
    for (const [index, row] of rows.entries()) values.set(row.values, index * width)
    const inputs = rows.map(({ symbol, session, buildId, sha256 }): PredictionInput => ({
      kind: 'feature-row',
      buildId,
      symbol,
      session,
      sha256,
    }))
    const records = await answer(world, held, { endpoint, values, inputs, unitId: unitId ?? null })
    const body: PredictResponse = {
      endpoint,
      model: model.route.model,
      revision,
      stale: records.some(({ stale }) => stale),
      predictions: rows.map(({ symbol, session }, index) => ({
        predictionId: records[index]?.id ?? '',
        symbol,
        session,
        value: records[index]?.value ?? Number.NaN,
      })),
    }
    return { records, response: c.json(body) }
  })
}

function rowsOf({ replica }: ServingWorld, { route, sidecar }: ServedModel, symbols: string[]): FeatureRow[] {
  const rows = symbols.map((symbol) => replica.features.find(route, symbol))
  const absent = symbols.filter((_, index) => rows[index] === undefined)
  if (absent.length > 0)
    throw new QuantloopError('feature_row_missing', `no feature row of ${route.dataset} for ${absent.join(', ')}: ${whyAbsent(sidecar)}`, {
      dataset: route.dataset,
      symbol: absent[0] ?? '',
    })
  const width = sidecar.input.features
  const wrong = rows.find((row) => row !== undefined && row.values.length !== width)
  if (wrong)
    throw new QuantloopError(
      'input_invalid',
      `the feature row of ${wrong.symbol} has ${wrong.values.length} values, the model reads ${width}`,
    )
  return rows.filter((row) => row !== undefined)
}

/** What may be the reason that a symbol has no feature row. */
export const whyAbsent = ({ recipe: { universe } }: Pick<ModelSidecar, 'recipe'>): string =>
  universe === undefined
    ? 'the symbol is not in the dataset, or its features are not built'
    : `the symbol is no member of the universe ${universe} in the newest session that is built, or its features are not built`

function assertSession(rows: readonly FeatureRow[], wanted: string | undefined): void {
  const other = rows.find(({ session }) => wanted !== undefined && session !== wanted)
  if (other === undefined) return
  const { symbol, session } = other
  throw new QuantloopError(
    'feature_row_of_another_session',
    `the newest feature row of ${symbol} is of ${session}, not of ${wanted}: ${session < wanted! ? 'ask again once the features of that session are built' : 'a later session has been built; only the newest row is served'}`,
    { symbol, session },
  )
}

/** @throws QuantloopError endpoint_not_found for what can be no name */
export function endpointName(given: string | undefined): string {
  const name = Name.safeParse(given)
  if (!name.success) throw new QuantloopError('endpoint_not_found', `there is no endpoint ${JSON.stringify(given)}`)
  return name.data
}
