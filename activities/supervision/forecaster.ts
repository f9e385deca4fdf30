import type { Forecaster } from '#contracts/supervision.ts'

export type Version = { name: string; version: number }

export const forecasterOf = ({ name, version }: Version): Forecaster => `${name}@${version}`
export const persistenceOf = (version: Version): Forecaster => `persistence/${forecasterOf(version)}`
