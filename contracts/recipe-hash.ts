import { sha256 } from '#domain/sha256.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Recipe } from './training.ts'

/** What a recipe is known by: two that ask for the same fit have the same hash, in whatever order they were written. */
export const recipeHashOf = (recipe: Recipe): string => sha256(canonicalJson(recipe))
