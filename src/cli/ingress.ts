import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { Command } from 'commander'
import { IngressClasses } from '../api/kinds/ingress-class.ts'
import type { Client } from '../client/client.ts'
import { parseClusterDomain } from '../cluster/dns-settings.ts'
import type { ClusterAccess } from '../client/kubeconfig.ts'
import { type ApiConnection, type ApiOptions, apiOf, explained, requireProgram } from './api-access.ts'
import { type CliContext, UserError } from './context.ts'

/** The ingress by itself, in the network namespace of this process. */
export interface IngressRunner {
  connect(access: ClusterAccess): ApiConnection
  /** Serves Ingresses until the process is told to end. */
  run(client: Client, settings: IngressSettings): Promise<void>
}

export interface IngressSettings {
  /** Where clients come; `*` for all addresses of the machine. */
  readonly addresses: readonly string[]
  readonly ports: { readonly http: number; readonly https: number }
  /** What Ingresses say of where they are reached; nothing is said if there are none. */
  readonly publicAddresses: readonly string[]
  /** What the names of the cluster's Services end with. */
  readonly clusterDomain: string
  readonly accessLog: boolean
  readonly metrics?: { readonly address: string; readonly port: number }
  /** Certificate and key in PEM; made up unless given. */
  readonly defaultCertificate?: string
}

interface IngressOptions extends ApiOptions {
  readonly address?: string
  readonly httpPort: string
  readonly httpsPort: string
  readonly publishAddress?: string
  readonly clusterDomain: string
  readonly accessLog?: boolean
  readonly metrics?: string
  readonly defaultCertificate?: string
}

export function ingressCommand(context: CliContext): Command {
  return new Command('ingress')
    .description('serve Ingresses by itself, here, with HAProxy, for any Kubernetes API, until it is told to end')
    .option('--kubeconfig <file>', 'how to reach the API')
    .option('--context <name>', 'a context of that file, if not the current one')
    .option('--address <list>', 'IPv4 addresses to listen on, if not on all of the machine')
    .option('--http-port <port>', 'port for HTTP', '80')
    .option('--https-port <port>', 'port for HTTPS', '443')
    .option('--publish-address <list>', 'addresses that Ingresses show, if not those of --address')
    .option('--cluster-domain <domain>', 'domain of the cluster\'s own names', 'cluster.local')
    .option('--default-certificate <file>', 'certificate and key in PEM, for hosts that have none')
    .option('--access-log', 'write each request to standard output, as JSON')
    .option('--metrics <address:port>', 'where to serve metrics')
    .action((options: IngressOptions) => runIngress(context, options))
}

async function runIngress(context: CliContext, options: IngressOptions): Promise<void> {
  await requireProgram(context, ['haproxy', '-v'], 'haproxy')
  const settings = await settingsOf(options)
  const api = await apiOf(options)
  const { client, close } = context.ingress.connect(api.access)
  try {
    await explained(api, () => client.list(IngressClasses, { limit: 1 }))
    await context.ingress.run(client, settings)
  } finally {
    await close()
  }
}

async function settingsOf(options: IngressOptions): Promise<IngressSettings> {
  const addresses = addressList('--address', options.address)
  const { defaultCertificate: file } = options
  return {
    addresses: addresses ?? ['*'],
    ports: { http: port('--http-port', options.httpPort), https: port('--https-port', options.httpsPort) },
    publicAddresses: addressList('--publish-address', options.publishAddress) ?? addresses ?? [],
    clusterDomain: parseClusterDomain(options.clusterDomain),
    accessLog: options.accessLog === true,
    ...(options.metrics === undefined ? {} : { metrics: socketAddress('--metrics', options.metrics) }),
    ...(file === undefined ? {} : { defaultCertificate: await readPem('--default-certificate', file) }),
  }
}

function addressList(flag: string, text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  const addresses = text.split(',').map((each) => each.trim())
  const wrong = addresses.find((address) => !isIPv4(address))
  if (wrong !== undefined) throw new UserError(`${flag} ${JSON.stringify(wrong)} is not an IPv4 address`)
  return addresses
}

function port(flag: string, text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > 65_535) throw new UserError(`${flag} ${JSON.stringify(text)} is not a port`)
  return value
}

function socketAddress(flag: string, text: string): { address: string; port: number } {
  const [, address = '', number = ''] = /^(.*):(\d+)$/.exec(text) ?? []
  if (!isIPv4(address)) throw new UserError(`${flag} ${JSON.stringify(text)} is not an address and port such as 127.0.0.1:8404`)
  return { address, port: port(flag, number) }
}

async function readPem(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UserError(`${flag} ${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
