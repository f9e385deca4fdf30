/** PostgreSQL prints `2008-05-30 21:00:00.123+00`; the contracts speak ISO 8601 in UTC. */
export const iso = (timestamp: string): string => new Date(timestamp).toISOString()

export const isoOrNull = (timestamp: string | null): string | null => (timestamp === null ? null : iso(timestamp))
