import type { TrackedConnection } from '../kernel/tracked-connection.ts'
import type { TableListing } from '../kernel/nft-table-listing.ts'
import type { Outcome, Question } from './caller/messages.ts'
import type { Source } from './source.ts'
import type { Target } from './target.ts'
import type { Sighting } from './watch/sighting.ts'
import type { Connection } from './watch/table.ts'

/** What was seen of one connection. */
export interface Recording {
  readonly target: Target
  readonly source: Source
  /** How the address was found, if the target has a name. */
  readonly naming: Naming
  /** Absent if nothing was sent: there is no address, or no route to it. */
  readonly connection?: Connection
  readonly outcome: Outcome
  /** In the order of time, of the last try if the client had to try again. */
  readonly sightings: readonly Sighting[]
  /** How often the client had sent its first packet before. */
  readonly earlierTries: number
  /** By place. */
  readonly tracked: ReadonlyMap<string, TrackedConnection>
  /** What our tables have in sets and maps, where rules of them applied: by place, then by table. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, TableListing['elements']>>
}

export type Naming =
  | { readonly by: 'address' }
  | { readonly by: 'dns'; readonly questions: readonly Question[] }
  | { readonly by: 'hosts file'; readonly address: string }
  /** Clients outside have a DNS of their own, where such names are to be entered. */
  | { readonly by: 'ingress'; readonly address: string; readonly ingress: string }
