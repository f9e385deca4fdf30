/** The parts of the system, as data: what the local stack starts, and what docker-compose.yml and deploy/ must describe. */
import type { Config } from '#config/config.ts'
import type { EnvironmentName } from '#config/environment.ts'
import { taskQueues, type TaskQueue } from '#contracts/task-queues.ts'

export const serverNames = ['postgres', 'temporal', 'object-store'] as const
export type ServerName = (typeof serverNames)[number]

export type ProcessName = 'api' | 'orchestration' | 'features' | 'trainer' | 'serving'

export type ProcessService = {
  name: ProcessName
  /** arguments of the `quantloop` command */
  command: readonly string[]
  needs: readonly ServerName[]
  /** the variables that it reads, and no more: the trainer has a database role of its own */
  settings: readonly EnvironmentName[]
  /** how it is known to work: it answers here, or it polls this queue */
  works: { path: string } | { taskQueue: TaskQueue }
}

const everywhere = ['QUANTLOOP_STATE_DIR', 'QUANTLOOP_LOG_LEVEL'] as const
const temporal = ['QUANTLOOP_TEMPORAL_ADDRESS', 'QUANTLOOP_TEMPORAL_NAMESPACE'] as const
const objectStore = [
  'QUANTLOOP_S3_ENDPOINT',
  'QUANTLOOP_S3_BUCKET',
  'QUANTLOOP_S3_REGION',
  'QUANTLOOP_S3_ACCESS_KEY',
  'QUANTLOOP_S3_SECRET_KEY',
] as const

/** Runs to its end before the processes start: schema, roles, bucket, namespace, first key. */
export const migration = {
  name: 'migrate',
  command: ['migrate'],
  needs: serverNames,
  settings: [...everywhere, 'QUANTLOOP_DATABASE_URL', 'QUANTLOOP_TRAINER_DATABASE_URL', ...temporal, ...objectStore, 'QUANTLOOP_API_KEY'],
} as const satisfies Omit<ProcessService, 'works' | 'name'> & { name: string }

/** Our processes in the order in which they start. */
export const processServices: readonly ProcessService[] = [
  {
    name: 'api',
    command: ['api'],
    needs: serverNames,
    settings: [
      ...everywhere,
      'QUANTLOOP_DATABASE_URL',
      ...temporal,
      'QUANTLOOP_TEMPORAL_UI_URL',
      ...objectStore,
      'QUANTLOOP_API_HOST',
      'QUANTLOOP_API_PORT',
      'QUANTLOOP_API_URL',
      'QUANTLOOP_SERVING_URL',
    ],
    works: { path: '/health/ready' },
  },
  {
    name: 'orchestration',
    command: ['worker', 'orchestration'],
    needs: serverNames,
    settings: [
      ...everywhere,
      'QUANTLOOP_DATABASE_URL',
      ...temporal,
      ...objectStore,
      'QUANTLOOP_S3_MIRROR_DIR',
      'QUANTLOOP_API_URL',
      'QUANTLOOP_PYTHON',
    ],
    works: { taskQueue: taskQueues.orchestration },
  },
  {
    name: 'features',
    command: ['worker', 'features'],
    needs: serverNames,
    settings: [...everywhere, 'QUANTLOOP_DATABASE_URL', ...temporal, ...objectStore, 'QUANTLOOP_FEATURES_THREADS'],
    works: { taskQueue: taskQueues.features },
  },
  {
    name: 'trainer',
    command: ['trainer'],
    needs: serverNames,
    settings: [...everywhere, 'QUANTLOOP_TRAINER_DATABASE_URL', ...temporal, ...objectStore, 'QUANTLOOP_PYTHON'],
    works: { taskQueue: taskQueues.trainerCpu },
  },
  {
    name: 'serving',
    command: ['serve'],
    needs: ['postgres', 'object-store'],
    settings: [
      ...everywhere,
      'QUANTLOOP_DATABASE_URL',
      ...objectStore,
      'QUANTLOOP_SERVING_HOST',
      'QUANTLOOP_SERVING_PORT',
      'QUANTLOOP_SERVING_URL',
    ],
    works: { path: '/v2/health/ready' },
  },
]

/** A service's processes on one machine: `serving`, `serving-2`, … */
export const replicaNames = ({ name }: ProcessService, { serving }: Pick<Config, 'serving'>): string[] =>
  name === 'serving' ? Array.from({ length: serving.replicas }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`)) : [name]

/** Every part that `status` shows, the API first. */
export const partNames = (config: Pick<Config, 'serving'>): string[] => [
  ...processServices.flatMap((service) => replicaNames(service, config)),
  ...serverNames,
]
