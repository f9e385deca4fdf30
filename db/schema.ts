/** All tables, part by part: what drizzle-kit makes the migrations from. */
export * from './schema/data.ts'
export * from './schema/features.ts'
export * from './schema/training.ts'
export * from './schema/serving.ts'
export * from './schema/supervision.ts'
export * from './schema/access.ts'
