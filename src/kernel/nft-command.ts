import { quote } from './nft-complaint.ts'
import { renderTransaction } from './nft-render.ts'
import { elementTexts, parseListing } from './nft-table-listing.ts'
import { NftError, type Nft, type NftOperation } from './nft.ts'
import { CommandFailed, type Processes, type RunOptions } from './processes.ts'

/** Loads what comes in into a network namespace that ends with the shell, and lists it. */
const loadAndList = ['unshare', '--net', 'sh', '-c', 'nft -f - && nft list ruleset'] as const

export interface NftCommandOptions {
  readonly processes: Processes
  /** Path of a network namespace file; the namespace of this process unless given. */
  readonly netns?: string
}

/** The kernel's nftables through the `nft` command: a process for each call, 3 to 25 ms. */
export function nftCommand({ processes, netns }: NftCommandOptions): Nft {
  const inNamespace: RunOptions = netns === undefined ? {} : { netns }

  /** Resolves when the transactions asked for so far are done, well or not. */
  let settled: Promise<unknown> = Promise.resolve()

  async function apply(input: string): Promise<void> {
    try {
      await processes.run(['nft', '-f', '-'], { ...inNamespace, input })
    } catch (error) {
      throw nftError(error)
    }
  }

  async function list(...what: readonly string[]): Promise<string | undefined> {
    try {
      return (await processes.run(['nft', 'list', ...what], inNamespace)).stdout
    } catch (error) {
      if (error instanceof CommandFailed && error.stderr.includes('No such file or directory')) return undefined
      throw nftError(error)
    }
  }

  return {
    async transaction(operations: readonly NftOperation[]): Promise<void> {
      const input = renderTransaction(operations)
      if (input === '') return
      const applied = settled.then(() => apply(input))
      settled = applied.catch(() => undefined)
      await applied
    },

    async elements(table, set) {
      // nft lists a map only as a map and a set only as a set.
      const listing = (await list('map', 'inet', table, set)) ?? (await list('set', 'inet', table, set))
      return listing === undefined ? undefined : elementTexts(parseListing(listing), set)
    },

    listTable: (table) => list('table', 'inet', table),

    async canonical(text) {
      try {
        return (await processes.run(loadAndList, { input: text })).stdout
      } catch (error) {
        throw nftError(error)
      }
    },
  }
}

function nftError(error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error
  const complaint = quote(error.stderr)
  return new NftError(complaint === '' ? error.message : complaint, { cause: error })
}
