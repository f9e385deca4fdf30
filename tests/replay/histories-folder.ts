import { fileURLToPath } from 'node:url'

export const historiesFolder = fileURLToPath(new URL('./histories/', import.meta.url))
