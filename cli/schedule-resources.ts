import type { z } from 'zod'
import { page } from '#contracts/problems.ts'
import { type BackfillRequest, type CreateScheduleRequest, Schedule } from '#contracts/schedules.ts'
import type { Page, Paging, Transport } from './transport.ts'

export const scheduleResources = ({ api, get, start }: Transport) => ({
  schedules: {
    list: (paging: Paging = {}): Promise<Page<Schedule>> => get('/schedules', page(Schedule), paging),
    find: (name: string): Promise<Schedule> => get(`/schedules/${enc(name)}`, Schedule),
    create: (body: z.input<typeof CreateScheduleRequest>, idempotencyKey?: string): Promise<Schedule> =>
      start('/schedules', Schedule, body, idempotencyKey),
    tell: (name: string, verb: 'pause' | 'resume' | 'trigger', reason?: string): Promise<Schedule> =>
      start(`/schedules/${enc(name)}/${verb}`, Schedule, reason === undefined ? {} : { reason }),
    backfill: (name: string, body: BackfillRequest): Promise<Schedule> => start(`/schedules/${enc(name)}/backfill`, Schedule, body),
    delete: (name: string): Promise<Schedule> => api(`/schedules/${enc(name)}`, Schedule, { method: 'DELETE' }),
  },
})

const enc = encodeURIComponent
