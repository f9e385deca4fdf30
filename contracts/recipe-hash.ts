import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import type { Recipe } from './training.ts'

/** What a recipe is known by: two that ask for the same fit have the same hash, in whatever order they were written. */
export const recipeHashOf = (recipe: Recipe): string => createHash('sha256').update(canonicalJson(recipe)).digest('hex')
