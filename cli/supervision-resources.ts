import type { z } from 'zod'
import { page } from '#contracts/problems.ts'
import type { SuperviseRequest } from '#contracts/requests.ts'
import { Alert, Monitor, MonitorPoint, Retrain, RetrainStarted, SessionScore, Supervision } from '#contracts/supervision.ts'
import type { Page, Paging, RunVerb, Transport } from './transport.ts'

type ScoreFilter = { [Name in 'forecaster' | 'from' | 'to']?: string | undefined }
type Policy = z.input<typeof SuperviseRequest>['policy']

/** What an endpoint has since it is supervised. */
export const endpointSupervision = ({ api, get, start, tell }: Transport) => ({
  /** Starts the standing supervisor, or gives the running one the policy; what it leaves out has its default. */
  supervise: (name: string, policy?: Policy, idempotencyKey?: string): Promise<Supervision> =>
    api(`/endpoints/${enc(name)}/supervision`, Supervision, {
      method: 'PUT',
      body: policy === undefined ? {} : { policy },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    }),
  supervision: (name: string): Promise<Supervision> => get(`/endpoints/${enc(name)}/supervision`, Supervision),
  tellSupervisor: (name: string, verb: RunVerb, reason?: string) => tell(`/endpoints/${enc(name)}/supervision`, verb, reason),
  retrain: (name: string, reason?: string, idempotencyKey?: string): Promise<RetrainStarted> =>
    start(`/endpoints/${enc(name)}/supervision/retrain`, RetrainStarted, reason === undefined ? {} : { reason }, idempotencyKey),
  scores: (name: string, query: Paging & ScoreFilter = {}): Promise<Page<SessionScore>> =>
    get(`/endpoints/${enc(name)}/scores`, page(SessionScore), query),
})

export const supervisionResources = ({ get, start }: Transport) => ({
  monitors: {
    list: (query: Paging & { endpoint?: string | undefined; kind?: string | undefined } = {}): Promise<Page<Monitor>> =>
      get('/monitors', page(Monitor), query),
    find: (id: string): Promise<Monitor> => get(`/monitors/${enc(id)}`, Monitor),
    points: (id: string, paging: Paging = {}): Promise<Page<MonitorPoint>> =>
      get(`/monitors/${enc(id)}/points`, page(MonitorPoint), paging),
  },
  alerts: {
    list: (
      query: Paging & { endpoint?: string | undefined; kind?: string | undefined; open?: boolean | undefined } = {},
    ): Promise<Page<Alert>> => get('/alerts', page(Alert), query),
    find: (id: string): Promise<Alert> => get(`/alerts/${enc(id)}`, Alert),
    acknowledge: (id: string, reason?: string): Promise<Alert> =>
      start(`/alerts/${enc(id)}/acknowledge`, Alert, reason === undefined ? {} : { reason }),
  },
  retrains: {
    list: (query: Paging & { endpoint?: string | undefined } = {}): Promise<Page<Retrain>> => get('/retrains', page(Retrain), query),
    find: (id: string): Promise<Retrain> => get(`/retrains/${enc(id)}`, Retrain),
  },
})

const enc = encodeURIComponent
