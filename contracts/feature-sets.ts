/** Feature sets as data: what a user registers, and what is answered of every set. */
import { z } from 'zod'
import { FeatureDefinition, FeatureLimits, FeatureName, FeatureSet } from './features.ts'
import { Sha256 } from './references.ts'
import { FeatureSetReference, Name, Timestamp } from './words.ts'

const Words = z
  .string()
  .trim()
  .max(1000)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'one line without control characters')
  .refine((text) => !/\p{Cs}/u.test(text), 'half of a surrogate pair')

/** Longer than the language allows, so that what is wrong in a long one is told with its place. */
const Formula = z.string().min(1).max(100_000)

const Explained = { expression: Formula, description: Words.optional() }

const Features = z.union([
  z
    .record(FeatureName, z.union([Formula, z.strictObject(Explained)]))
    .refine((features) => Object.keys(features).length > 0, 'a set has at least one feature'),
  z
    .array(z.strictObject({ name: FeatureName, ...Explained }))
    .min(1)
    .max(5000),
])

/**
 * A set as a person writes it, in YAML or JSON: features are a list, or a mapping of a name to an expression, with a
 * description where the formula does not speak for itself. `limits` say how much of a build may be no number.
 */
export const FeatureSetFile = z.strictObject({
  name: Name,
  description: Words.default(''),
  limits: FeatureLimits.optional(),
  features: Features,
})
export type FeatureSetFile = z.infer<typeof FeatureSetFile>

export const listFeatures = (features: FeatureSetFile['features']): FeatureSet['features'] =>
  Array.isArray(features)
    ? features
    : Object.entries(features).map(([name, feature]) => ({ name, ...(typeof feature === 'string' ? { expression: feature } : feature) }))

/** A set whose expressions were read: what is kept as a version, unless its content is there. */
export const SetRegistration = z.strictObject({
  name: Name,
  description: z.string(),
  limits: FeatureLimits.optional(),
  features: z.array(FeatureDefinition).min(1).max(5000),
  contentSha256: Sha256,
})
export type SetRegistration = z.infer<typeof SetRegistration>

/** `registeredBy` and `registeredAt` are null for sets that come with the program. */
export const DescribedFeatureSet = FeatureSet.extend({
  builtIn: z.boolean(),
  /** of the description and the normalised features */
  contentSha256: Sha256,
  registeredBy: z.string().nullable(),
  registeredAt: Timestamp.nullable(),
})
export type DescribedFeatureSet = z.infer<typeof DescribedFeatureSet>

const NamedFeature = z.strictObject({ name: FeatureName, expression: z.string() })

/** Expressions in their normalised form. */
export const FeatureSetComparison = z.strictObject({
  before: FeatureSetReference,
  after: FeatureSetReference,
  added: z.array(NamedFeature),
  removed: z.array(NamedFeature),
  changed: z.array(z.strictObject({ name: FeatureName, before: z.string(), after: z.string() })),
  /** the same expression under another name */
  renamed: z.array(z.strictObject({ before: FeatureName, after: FeatureName, expression: z.string() })),
  same: z.int().nonnegative(),
})
export type FeatureSetComparison = z.infer<typeof FeatureSetComparison>
