import type { TrackedConnection } from '../kernel/tracked-connection.ts'
import type { TableListing } from '../kernel/nft-table-listing.ts'
import type { Outcome, Question } from './caller/messages.ts'
import type { ServedRequest } from './ingress/served-request.ts'
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
  /** Present if the connection was made with HAProxy. */
  readonly relayed?: Relayed
}

/** What became of the request that a relay was given. */
export interface Relayed {
  /** Absent if it says nothing of one, or nothing was asked for. */
  readonly request?: ServedRequest
  /** Packets that made its connection to the pod; none if it had one already. */
  readonly sightings: readonly Sighting[]
  /** That connection, by place. */
  readonly tracked: ReadonlyMap<string, TrackedConnection>
}

export type Naming =
  | { readonly by: 'address' }
  | { readonly by: 'dns'; readonly questions: readonly Question[] }
  | { readonly by: 'hosts file'; readonly address: string }
  /** Clients outside have a DNS of their own, where such names are to be entered. */
  | { readonly by: 'ingress'; readonly address: string; readonly ingress: string }
