import { defineSearchAttributeKey } from '@temporalio/common/lib/search-attributes.js'

/** Keyword search attributes that the stack registers and every workflow may set. */
export const searchAttributeNames = ['Dataset', 'ModelName', 'Endpoint', 'Stage', 'TriggeredBy', 'PausedBy'] as const

export type SearchAttributeName = (typeof searchAttributeNames)[number]

export const searchAttributeKey = (name: SearchAttributeName) => defineSearchAttributeKey(name, 'KEYWORD')
