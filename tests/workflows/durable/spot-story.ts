import { onTheSpot } from '#workflows/on-the-spot.ts'

const acts = onTheSpot<{ act(): Promise<string> }>()

export const callOnTheSpot = () => acts.act()
