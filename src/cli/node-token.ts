import { randomInt } from 'node:crypto'
import { Command } from 'commander'
import {
  bootstrapTokenName,
  bootstrapTokenNamespace,
  bootstrapTokenType,
  entryOf,
  expirationOf,
  nodeJoinersGroup,
  parseBootstrapToken,
} from '../api/bootstrap-token.ts'
import { isStatus } from '../api/errors.ts'
import { humanDuration } from '../api/human-duration.ts'
import { type Secret, Secrets } from '../api/kinds/secret.ts'
import { authorityHash } from '../base/authority-hash.ts'
import { rfc3339 } from '../base/rfc3339.ts'
import { serverAddress } from '../cluster/address-plan.ts'
import { planOf } from '../cluster/config.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { readIdentity } from '../cluster/pki.ts'
import { requireRunning, withClient } from './change.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { timeSpan } from './time-span.ts'

interface CreateOptions extends ClusterOption {
  readonly ttl: number
  readonly description?: string
  readonly json?: boolean
}

export function nodeTokenCommand(context: CliContext): Command {
  return new Command('token')
    .description('tokens by which other machines join as nodes')
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(deleteCommand(context))
}

function createCommand(context: CliContext): Command {
  return subcommand('create', 'make a token, and print the command that makes another machine a node')
    .option('--ttl <time>', 'how long it is good: 30m, 24h, 7d; 0 for good', timeToLive, 24 * 3600)
    .option('--description <text>', 'what it is for')
    .option('--json', 'print its parts as JSON')
    .action(async (options: CreateOptions) => {
      const { config, layout } = await runningCluster(context, options)
      const token = { id: randomText(6), secret: randomText(16) }
      await withClient(config, layout, (client) => client.create(Secrets, secretOf(token, options, new Date())))
      const text = `${token.id}.${token.secret}`
      const server = `https://${serverAddress(planOf(config))}:6443`
      const caHash = authorityHash((await readIdentity(layout.pki, 'admin')).ca)
      const words = `./portolan agent --server ${server} --token ${text} --ca-hash ${caHash} --node NAME`
      context.print({ token: text, server, caHash }, options.json === true, words)
    })
}

function listCommand(context: CliContext): Command {
  return subcommand('list', 'the tokens that there are, without their secrets')
    .option('--json', 'print them as JSON')
    .action(async (options: ClusterOption & { readonly json?: boolean }) => {
      const { config, layout } = await runningCluster(context, options)
      const fieldSelector = `type=${bootstrapTokenType}`
      const { items } = await withClient(config, layout, (client) => client.list(Secrets, { namespace: bootstrapTokenNamespace, fieldSelector }))
      const tokens = items.map(describe)
      context.print({ tokens }, options.json === true, inWords(tokens, new Date()))
    })
}

function deleteCommand(context: CliContext): Command {
  return subcommand('delete', 'let nobody in by a token any more')
    .argument('<id>', 'the token, or its six first characters')
    .action(async (text: string, options: ClusterOption) => {
      const { config, layout } = await runningCluster(context, options)
      const id = parseBootstrapToken(text)?.id ?? text
      await withClient(config, layout, async (client) => {
        try {
          await client.delete(Secrets, { namespace: bootstrapTokenNamespace, name: bootstrapTokenName(id) })
        } catch (error) {
          if (!isStatus(error, 'NotFound')) throw error
          throw new UserError(`there is no token ${id}: see ./portolan node token list`)
        }
      })
      context.say(`token ${id} is gone`)
    })
}

/** Rejects with `UserError`. */
async function runningCluster(context: CliContext, options: ClusterOption): ReturnType<typeof existingCluster> {
  const cluster = await existingCluster(context, options)
  await (await requireRunning(cluster.config, cluster.layout))[Symbol.asyncDispose]()
  return cluster
}

function subcommand(name: string, description: string): Command {
  return new Command(name).description(description).option('--name <name>', 'name of the cluster', defaultCluster)
}

/** The Secret that a token is. Pure but for its arguments; `ttl` is in seconds, 0 for good. */
export function secretOf(
  { id, secret }: { readonly id: string; readonly secret: string },
  { ttl, description }: Pick<CreateOptions, 'ttl' | 'description'>,
  now: Date,
) {
  return {
    metadata: { name: bootstrapTokenName(id), namespace: bootstrapTokenNamespace },
    type: bootstrapTokenType,
    stringData: {
      'token-id': id,
      'token-secret': secret,
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': nodeJoinersGroup,
      ...(ttl === 0 ? {} : { expiration: rfc3339(new Date(now.getTime() + ttl * 1000)) }),
      ...(description === undefined ? {} : { description }),
    },
  }
}

interface TokenDescription {
  readonly id: string
  /** RFC 3339; absent if it never ends. */
  readonly expires?: string
  readonly description: string
}

function describe(secret: Secret): TokenDescription {
  const end = expirationOf(secret)
  return { id: entryOf(secret, 'token-id'), ...(end === undefined ? {} : { expires: rfc3339(end) }), description: entryOf(secret, 'description') }
}

function inWords(tokens: readonly TokenDescription[], now: Date): string {
  if (tokens.length === 0) return 'there are no tokens: ./portolan node token create makes one'
  const row = (...cells: readonly string[]) => cells.map((cell) => cell.padEnd(10)).join('').trimEnd()
  const left = (expires: string | undefined) => (expires === undefined ? 'never' : humanDuration(Date.parse(expires) - now.getTime()))
  return [row('ID', 'ENDS IN', 'FOR'), ...tokens.map(({ id, expires, description }) => row(id, left(expires), description))].join('\n')
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

function randomText(length: number): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
}

/** Seconds. */
export function timeToLive(text: string): number {
  if (text === '0') return 0
  return timeSpan(text, '30m, 24h or 7d, or 0 for good')
}
