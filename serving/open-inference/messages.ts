/** The JSON of the Open Inference Protocol v2 (KServe), as far as FP32 and FP64 tensors need it. */
import { z } from 'zod'

const Parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

export const InferRequest = z.strictObject({
  id: z.string().max(200).optional(),
  parameters: Parameters.optional(),
  inputs: z
    .array(
      z.strictObject({
        name: z.string(),
        shape: z.array(z.int().nonnegative()).min(1).max(8),
        datatype: z.string(),
        parameters: Parameters.optional(),
        /** row-major, flat or nested by row; each value is looked at as it is copied into the tensor */
        data: z.array(z.unknown()),
      }),
    )
    .min(1),
  outputs: z
    .array(z.strictObject({ name: z.string(), parameters: Parameters.optional() }))
    .min(1)
    .optional(),
})
export type InferRequest = z.infer<typeof InferRequest>
export type InferInput = InferRequest['inputs'][number]

export type InferOutput = { name: string; shape: number[]; datatype: 'FP32' | 'BYTES'; data: number[] | string[] }

export type InferResponse = {
  model_name: string
  model_version: string
  id?: string
  parameters: Record<string, string | number | boolean>
  outputs: InferOutput[]
}

export type ModelMetadata = {
  name: string
  versions: string[]
  platform: string
  inputs: { name: string; datatype: string; shape: number[] }[]
  outputs: { name: string; datatype: string; shape: number[] }[]
  parameters: Record<string, string | number | boolean>
}
