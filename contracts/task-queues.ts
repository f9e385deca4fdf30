/** Temporal task queues. Free of zod, so that workflows may import it as a value. */
export const taskQueues = {
  orchestration: 'orchestration',
  features: 'features',
  trainerCpu: 'trainer-cpu',
  trainerGpu: 'trainer-gpu',
} as const

export type TaskQueue = (typeof taskQueues)[keyof typeof taskQueues]
