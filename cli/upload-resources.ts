import type { z } from 'zod'
import { BegunUpload, CompletedUpload, type CompleteUploadRequest, PartUrls, StoredParts, UploadGrant } from '#contracts/requests.ts'
import type { Transport } from './transport.ts'

export type UploadResources = ReturnType<typeof uploadResources>

/** Files on their way into the store: the API grants addresses, the bytes pass it by. */
export const uploadResources = ({ api, get, start }: Transport) => ({
  create: () => api('/uploads', UploadGrant, { method: 'POST' }),
  begin: (bytes: number) => start('/uploads/multipart', BegunUpload, { bytes }),
  urls: (upload: string, uploadId: string, numbers: number[]) => start(`/${upload}/urls`, PartUrls, { uploadId, numbers }),
  parts: (upload: string, uploadId: string) => get(`/${upload}/parts`, StoredParts, { uploadId }),
  complete: (upload: string, body: z.input<typeof CompleteUploadRequest>) => start(`/${upload}/complete`, CompletedUpload, body),
})
