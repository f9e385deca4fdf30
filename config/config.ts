import { z } from 'zod'

const Port = z.int().min(0).max(65535)

/** The one configuration of every process. Precedence: environment > quantloop.yaml > stack.json > defaults. */
export const Config = z.strictObject({
  /** nearest ancestor folder with a quantloop.yaml */
  project: z.string(),
  /** local state: `.quantloop` in the project */
  stateDir: z.string(),
  database: z.strictObject({
    url: z.string(),
    /** the trainer's own role: it may write its two tables only */
    trainerUrl: z.string(),
  }),
  objectStore: z.strictObject({
    endpoint: z.url(),
    bucket: z.string(),
    region: z.string(),
    accessKey: z.string(),
    secretKey: z.string(),
    /** a folder with a second copy of the objects, from which a verification repairs and which it keeps whole */
    mirrorDir: z.string().optional(),
  }),
  temporal: z.strictObject({ address: z.string(), namespace: z.string(), uiUrl: z.url().optional() }),
  api: z.strictObject({ host: z.string(), port: Port, url: z.url() }),
  /** on one machine `replicas` processes listen on the port and those after it; `url` is the first's, or a balancer's */
  serving: z.strictObject({ host: z.string(), port: Port, url: z.url(), replicas: z.int().min(1).max(16) }),
  features: z.strictObject({ threads: z.int().min(1).max(64) }),
  trainer: z.strictObject({ python: z.string() }),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) }),
  /** the key that the CLI sends */
  apiKey: z.string().optional(),
})
export type Config = z.infer<typeof Config>

/** Environment variables, each the one name of one field; also what the supervisor and containers pass on. */
export const environmentNames = {
  QUANTLOOP_STATE_DIR: 'stateDir',
  QUANTLOOP_DATABASE_URL: 'database.url',
  QUANTLOOP_TRAINER_DATABASE_URL: 'database.trainerUrl',
  QUANTLOOP_S3_ENDPOINT: 'objectStore.endpoint',
  QUANTLOOP_S3_BUCKET: 'objectStore.bucket',
  QUANTLOOP_S3_REGION: 'objectStore.region',
  QUANTLOOP_S3_ACCESS_KEY: 'objectStore.accessKey',
  QUANTLOOP_S3_SECRET_KEY: 'objectStore.secretKey',
  QUANTLOOP_S3_MIRROR_DIR: 'objectStore.mirrorDir',
  QUANTLOOP_TEMPORAL_ADDRESS: 'temporal.address',
  QUANTLOOP_TEMPORAL_NAMESPACE: 'temporal.namespace',
  QUANTLOOP_TEMPORAL_UI_URL: 'temporal.uiUrl',
  QUANTLOOP_API_HOST: 'api.host',
  QUANTLOOP_API_PORT: 'api.port',
  QUANTLOOP_API_URL: 'api.url',
  QUANTLOOP_SERVING_HOST: 'serving.host',
  QUANTLOOP_SERVING_PORT: 'serving.port',
  QUANTLOOP_SERVING_URL: 'serving.url',
  QUANTLOOP_SERVING_REPLICAS: 'serving.replicas',
  QUANTLOOP_FEATURES_THREADS: 'features.threads',
  QUANTLOOP_PYTHON: 'trainer.python',
  QUANTLOOP_LOG_LEVEL: 'log.level',
  QUANTLOOP_API_KEY: 'apiKey',
} as const
