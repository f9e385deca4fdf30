import { z } from 'zod'
import { type ErrorCode, httpStatusOf } from './errors.ts'

const codes = Object.keys(httpStatusOf) as [ErrorCode, ...ErrorCode[]]

/** RFC 9457 problem details with a stable `code`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(codes),
  instance: z.string().optional(),
  place: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
})
export type Problem = z.infer<typeof Problem>

/** What every list answers; `nextCursor` is opaque. */
export const page = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() })
