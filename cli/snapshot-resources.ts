import { z } from 'zod'
import { type CollectRequest, Collection, GarbageObject } from '#contracts/collections.ts'
import { Snapshot } from '#contracts/datasets.ts'
import { type ListingStatus, SymbolListing, UniverseMembers, UniverseSummary } from '#contracts/listings.ts'
import { page } from '#contracts/problems.ts'
import {
  type CompareRequest,
  ComparisonAnswer,
  ComparisonRecord,
  ExportRecord,
  type ExportRequest,
  HeadMove,
  Lineage,
  type RollBackDatasetRequest,
  RolledBackDataset,
  SnapshotExport,
  SnapshotTag,
  Verification,
  VerificationRecord,
  type VerifyRequest,
} from '#contracts/snapshots.ts'
import type { Page, Paging, RunVerb, Transport } from './transport.ts'

const enc = encodeURIComponent

/** A dataset's snapshots as its versions. A snapshot is named by id, first digits of it, tag, `head` or `head~N`. */
export const versionResources = ({ api, get, start }: Transport) => ({
  findSnapshot: (name: string, snapshot: string) => get(`/datasets/${enc(name)}/snapshots/${enc(snapshot)}`, Snapshot),
  history: (name: string, paging: Paging = {}): Promise<Page<HeadMove>> => get(`/datasets/${enc(name)}/history`, page(HeadMove), paging),
  lineage: (name: string, snapshot: string) => get(`/datasets/${enc(name)}/snapshots/${enc(snapshot)}/lineage`, Lineage),
  symbols: (name: string, snapshot: string, query: Paging & { status?: ListingStatus | undefined } = {}): Promise<Page<SymbolListing>> =>
    get(`/datasets/${enc(name)}/snapshots/${enc(snapshot)}/symbols`, page(SymbolListing), query),
  universes: (name: string, snapshot: string, paging: Paging = {}): Promise<Page<UniverseSummary>> =>
    get(`/datasets/${enc(name)}/snapshots/${enc(snapshot)}/universes`, page(UniverseSummary), paging),
  members: (name: string, snapshot: string, universe: string, session?: string) =>
    get(`/datasets/${enc(name)}/snapshots/${enc(snapshot)}/universes/${enc(universe)}`, UniverseMembers, { session }),
  note: (name: string, snapshot: string, note: string) =>
    api(`/datasets/${enc(name)}/snapshots/${enc(snapshot)}/note`, Snapshot, { method: 'PUT', body: { note } }),
  tags: (name: string, paging: Paging = {}): Promise<Page<SnapshotTag>> => get(`/datasets/${enc(name)}/tags`, page(SnapshotTag), paging),
  tag: (name: string, tag: string, snapshot: string, reason?: string) =>
    api(`/datasets/${enc(name)}/tags/${enc(tag)}`, SnapshotTag, {
      method: 'PUT',
      body: { snapshot, ...(reason === undefined ? {} : { reason }) },
    }),
  untag: (name: string, tag: string) => api(`/datasets/${enc(name)}/tags/${enc(tag)}`, SnapshotTag, { method: 'DELETE' }),
  rollBack: (name: string, body: RollBackDatasetRequest, idempotencyKey?: string) =>
    start(`/datasets/${enc(name)}/rollback`, RolledBackDataset, body, idempotencyKey),
})

type OfDataset = Paging & { dataset?: string | undefined }

/** Looking into snapshots, and removing what nothing needs. */
export const snapshotResources = ({ api, get, start, tell }: Transport) => ({
  comparisons: {
    create: (body: CompareRequest): Promise<ComparisonAnswer> => start('/comparisons', ComparisonAnswer, body),
    list: (query: OfDataset = {}): Promise<Page<ComparisonRecord>> => get('/comparisons', page(ComparisonRecord), query),
    /** a whole HTML document */
    report: (id: string): Promise<string> => api(`/comparisons/${enc(id)}/report`, z.string(), { accept: 'text/html' }),
  },
  exports: {
    create: (body: z.input<typeof ExportRequest>, idempotencyKey?: string) => start('/exports', SnapshotExport, body, idempotencyKey),
    find: (id: string) => get(`/exports/${enc(id)}`, SnapshotExport),
    list: (query: OfDataset = {}): Promise<Page<ExportRecord>> => get('/exports', page(ExportRecord), query),
  },
  verifications: {
    create: (body: z.input<typeof VerifyRequest>, idempotencyKey?: string) => start('/verifications', Verification, body, idempotencyKey),
    find: (id: string) => get(`/verifications/${enc(id)}`, Verification),
    list: (query: OfDataset = {}): Promise<Page<VerificationRecord>> => get('/verifications', page(VerificationRecord), query),
  },
  collections: {
    create: (body: z.input<typeof CollectRequest>, idempotencyKey?: string) => start('/collections', Collection, body, idempotencyKey),
    list: (paging: Paging = {}): Promise<Page<Collection>> => get('/collections', page(Collection), paging),
    find: (id: string) => get(`/collections/${enc(id)}`, Collection),
    garbage: (id: string, paging: Paging = {}): Promise<Page<GarbageObject>> =>
      get(`/collections/${enc(id)}/garbage`, page(GarbageObject), paging),
    tell: (id: string, verb: RunVerb, reason?: string) => tell(`/collections/${enc(id)}`, verb, reason),
  },
})
