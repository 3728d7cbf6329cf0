import type { Ingress, IngressBackend } from '../../api/kinds/ingress.ts'
import { objectKey } from '../../api/object.ts'
import type { IngressReading, IngressRoute } from '../../doctor/ingress/reading.ts'
import type { ServedRequest } from '../ingress/served-request.ts'
import type { Recording } from '../recording.ts'
import { endText, flowText } from '../watch/sighting.ts'
import { milliseconds } from './call-steps.ts'
import { portText, serviceText, type Directory } from './directory.ts'
import { details, joined, type Step, type Words } from './walk.ts'

const haproxy = 'HAProxy'

/** How the client and HAProxy came to speak TLS; none if they did not. */
export function tlsSteps({ source, outcome: { tls } }: Recording, reading: IngressReading | undefined): readonly Step[] {
  if (tls === undefined) return []
  const { ms, version, cipher, sni, certificate } = tls
  const { subject, names, issuer, validTo, fingerprint } = certificate
  const known = reading?.certificates.find((each) => each.fingerprint === fingerprint)
  const whose = known === undefined
    ? reading === undefined ? [] : ['no Secret of an Ingress has it: it is the default certificate']
    : [`it is that of Secret ${objectKey(known.ingress.metadata.namespace, known.secretName)}, named by ${ingressText(known.ingress)}`]
  const lines = [
    sni === undefined ? 'no name is asked for (SNI): an address is none' : `asks for ${sni} (SNI)`,
    `is shown a certificate of ${subject}${names.length === 0 ? '' : `, for ${names.join(', ')}`}`,
    `issued by ${issuer}, valid to ${validTo.slice(0, 10)}`,
    ...whose,
  ]
  return [{ place: source.name, text: `agrees on ${version}, ${cipher}`, details: lines, warnings: [], took: ms * 1_000 }]
}

/** By which rule HAProxy leads the request, and where. None if it was not asked for anything. */
export function routingSteps({ relayed, target }: Recording, directory: Directory, reading: IngressReading | undefined): readonly Step[] {
  if (relayed === undefined) return []
  const { request } = relayed
  if (request === undefined) {
    const why = target.path === undefined ? 'nothing is asked: give http:// or https:// to see where a request is led' : 'HAProxy has told of no request from this address and port: it does when the answer is over'
    return [{ place: haproxy, text: 'takes the connection', details: [why], warnings: [] }]
  }
  const { method, host, path, lookups } = request
  const elements = lookups.map(({ map, key, value }) => `${map}: ${key} : ${value}`)
  const routed = { place: haproxy, text: `reads ${method} ${path} for the host ${host}`, ...joined([details(...elements), ruleWords(request, reading)]) }
  return [routed, ...serverSteps(request, { ...relayed, request }, { directory, route: routeOf(request, reading) })]
}

/** What HAProxy had of it by its own clock; after the way to the pod and back. */
export function servedSteps({ relayed }: Recording): readonly Step[] {
  const { request } = relayed ?? {}
  if (request === undefined) return []
  const { status, timers, end } = request
  const words = [
    timer('request read', 'TR', timers.request),
    timer('queued', 'Tw', timers.queue),
    timer('connected', 'Tc', timers.connect),
    timer('answer', 'Tr', timers.response),
    timer('data', 'Td', timers.data),
    timer('in all', 'Ta', timers.total),
  ].filter((word) => word !== '')
  return [{
    place: haproxy,
    text: hasAnswerOfPod(request) ? `passes on the pod’s answer, status ${status}` : `answers by itself, status ${status}${whyItself(request)}`,
    details: [words.join(', '), ...(end === '--' || end === 'LR' ? [] : [`its termination state is ${end}`])],
    warnings: [],
  }]
}

export function hasAnswerOfPod({ server, timers }: ServedRequest): boolean {
  return server !== undefined && timers.response !== undefined
}

/** The rule that the API has for what HAProxy looked up. */
export function routeOf({ lookups }: ServedRequest, reading: IngressReading | undefined): IngressRoute | undefined {
  const found = lookups.at(-1)
  return found === undefined ? undefined : reading?.routes.find((route) => mapOf(route) === found.map && keyOf(route) === found.key)
}

export function ingressText({ metadata: { namespace, name } }: Ingress): string {
  return `ingress ${objectKey(namespace, name)}`
}

/** As dataplane/ingress/compile.ts enters them. */
function mapOf({ match }: IngressRoute): string {
  return { exact: 'exact', prefix: 'prefixes', default: 'defaults' }[match]
}

function keyOf({ host, match, path }: IngressRoute): string {
  return { exact: `${host}${path}`, prefix: `${host}${path}/`, default: host }[match]
}

function ruleWords(request: ServedRequest, reading: IngressReading | undefined): Words {
  const found = request.lookups.find(({ map }) => map !== 'hosts')
  if (found === undefined) return details('nothing else is found: no Ingress has a rule for it')
  const route = routeOf(request, reading)
  if (route === undefined) return { details: [], warnings: ['the API has no Ingress with such a rule: HAProxy is behind'] }
  const canary = found.value === request.backend ? [] : [`its canary has this one: ${request.backend}`]
  return details(`${ingressText(route.ingress)}: ${ruleText(route)} → ${backendText(route.backend)}`, ...canary)
}

function ruleText({ ingress, host, match, backend }: IngressRoute): string {
  const written = (ingress.spec.rules ?? []).flatMap((rule) => rule.http?.paths ?? []).find((each) => each.backend === backend)
  const where = host === '-' ? 'any host' : `host ${host}`
  return match === 'default' || written === undefined ? `${where}, the default backend` : `${where}, path ${written.path ?? '/'} (${written.pathType})`
}

function backendText({ service }: IngressBackend): string {
  return `service/${service?.name ?? ''}, port ${service?.port?.number ?? service?.port?.name ?? ''}`
}

interface Leading {
  readonly directory: Directory
  readonly route: IngressRoute | undefined
}

function serverSteps(request: ServedRequest, { sightings }: NonNullable<Recording['relayed']>, { directory, route }: Leading): readonly Step[] {
  const { server, backend, retries } = request
  if (server === undefined) return []
  const { name, destination } = server
  const owner = directory.owner(destination.address)
  const isNew = sightings.length > 0
  const words = joined([
    details(`server ${name} of ${backend}: ${endText(destination)}${owner === undefined ? '' : ` (${owner})`}`),
    retries === 0 ? details() : details(`tried again, ${retries} times`),
    details(isNew ? `a new connection: ${flowText(server)}` : `a connection that it has from before: ${flowText(server)}`),
    endpointWords(server.destination, route, directory),
  ])
  return [{ place: haproxy, text: `sends it to ${owner ?? endText(destination)}`, ...words }]
}

/** What the API says of the endpoint. Of names outside of the cluster it says nothing, and a canary has a Service of its own. */
function endpointWords(endpoint: Parameters<typeof endText>[0], route: IngressRoute | undefined, directory: Directory): Words {
  const { service: { name = '', port: asked = {} } = {} } = route?.backend ?? {}
  const service = directory.service(objectKey(route?.ingress.metadata.namespace, name))
  const port = service?.spec.ports?.find((each) => each.port === asked.number || (asked.name !== undefined && each.name === asked.name))
  if (service === undefined || port === undefined || service.spec.type === 'ExternalName') return details()
  const known = directory.endpoints(service, port).get(endText(endpoint))
  if (known?.isReady === true) return details()
  const what = `${endText(endpoint)} of ${serviceText(service)}, ${portText(port)}`
  return known === undefined
    ? { details: [], warnings: [`the API has no endpoint ${what}: HAProxy is behind, or this is a canary’s`] }
    : details(`the API has ${what} as an endpoint that is not ready`)
}

function timer(word: string, name: string, ms: number | undefined): string {
  return ms === undefined ? '' : `${word} ${milliseconds(ms).replace('.0 ', ' ')} (${name})`
}

/** Of the letters that haproxy.org's documentation has for termination states (section 8.5). */
function whyItself({ end, server }: ServedRequest): string {
  if (server === undefined) return ''
  const why: Readonly<Record<string, string>> = {
    SC: 'it could not connect to the pod',
    sC: 'the pod did not take the connection in time',
    SH: 'the pod ended the connection before it had answered',
    sH: 'the pod did not answer in time',
    PH: 'the pod’s answer cannot be understood',
  }
  return why[end] === undefined ? '' : `: ${why[end]}`
}
