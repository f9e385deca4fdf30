import type { Config } from '#config/config.ts'
import { connectDatabase } from '#db/client.ts'
import { admitFirstKey } from '#db/commands/identity/create-api-key.ts'
import { migrateDatabase } from '#db/migrate.ts'
import { grantTrainer } from '#db/roles.ts'
import { ensureNamespace } from '#stack/namespace.ts'
import { ensureBucket } from '#storage/minio-object-store.ts'
import { createLogger } from '#telemetry/logger.ts'

/**
 * Makes empty servers ready: schema, the trainer's role, the first admin key (if the configuration holds one), bucket,
 * namespace and search attributes. Safe to repeat, and to run twice at once.
 */
export async function main(config: Config): Promise<void> {
  const log = createLogger('migrate', config.log.level)
  await Promise.all([prepareDatabase(config), ensureBucket(config.objectStore), ensureNamespace(config.temporal)])
  log.info('schema, roles, bucket, namespace and first key are in place')
}

async function prepareDatabase(config: Config): Promise<void> {
  await migrateDatabase(config.database.url)
  const database = connectDatabase(config.database.url, { max: 1 })
  try {
    const trainer = new URL(config.database.trainerUrl)
    // an address of its own that names no password is a role that somebody else looks after
    if (trainer.password !== '')
      await grantTrainer(database.db, { name: decodeURIComponent(trainer.username), password: decodeURIComponent(trainer.password) })
    if (config.apiKey !== undefined) await admitFirstKey(database.db, config.apiKey)
  } finally {
    await database.close()
  }
}
