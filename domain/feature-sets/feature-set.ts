/** A named, versioned list of expressions, in the shape of the contract of the same name. */
export type FeatureDefinition = { name: string; expression: string }

export type FeatureSet = { name: string; version: number; description: string; features: FeatureDefinition[] }
