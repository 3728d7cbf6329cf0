/** How names are resolved in a pod: policy, own configuration, additions to /etc/hosts. */
import { invalid, required, type FieldError } from '../../field-error.ts'
import { validateIP } from '../addresses.ts'
import { validateEnum, validateSubdomain } from '../values.ts'
import type { PodSpec } from './types.ts'

type DnsConfig = NonNullable<PodSpec['dnsConfig']>

const policies: readonly string[] = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']

// What the resolvers of Linux' C libraries can take.
const maxNameservers = 3
const maxSearchPaths = 32
const maxSearchLength = 2048

export function validateDnsPolicy({ dnsPolicy }: PodSpec, path: string): FieldError[] {
  return validateEnum(dnsPolicy, `${path}.dnsPolicy`, policies)
}

/** With the policy `None` nothing else says who to ask. */
export function validateDnsConfig({ dnsPolicy, dnsConfig }: PodSpec, parent: string): FieldError[] {
  const path = `${parent}.dnsConfig`
  const isAlone = dnsPolicy === 'None'
  if (dnsConfig === undefined) {
    return isAlone ? [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')] : []
  }
  if (isAlone && (dnsConfig.nameservers ?? []).length === 0) {
    return [
      required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
    ]
  }
  return validateConfig(dnsConfig, path)
}

function validateConfig({ nameservers = [], searches = [], options = [] }: DnsConfig, path: string): FieldError[] {
  const many = `must not have more than ${maxNameservers} nameservers`
  return [
    ...(nameservers.length > maxNameservers ? [invalid(`${path}.nameservers`, nameservers, many)] : []),
    ...nameservers.flatMap((address, index) => validateIP(address, `${path}.nameservers[${index}]`)),
    ...validateSearches(searches, `${path}.searches`),
    ...options.flatMap(({ name = '' }, index) =>
      name === '' ? [required(`${path}.options[${index}]`, 'must not be empty')] : [],
    ),
  ]
}

/** A search path may end in a dot, and since 1.34 be nothing but one. */
function validateSearches(searches: readonly string[], path: string): FieldError[] {
  const many = `must not have more than ${maxSearchPaths} search paths`
  const long = `must not have more than ${maxSearchLength} characters (including spaces) in the search list`
  return [
    ...(searches.length > maxSearchPaths ? [invalid(path, searches, many)] : []),
    ...(Buffer.byteLength(searches.join(' ')) > maxSearchLength ? [invalid(path, searches, long)] : []),
    ...searches.flatMap((search, index) => validateSearch(search, `${path}[${index}]`)),
  ]
}

const searchLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const searchForm = `${searchLabel}(\\.${searchLabel})*`
const searchProblem =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must " +
  `start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${searchForm}')`

/** A subdomain in which labels may have underscores, as the names of SRV records do (KEP-4427). */
function validateSearch(search: string, path: string): FieldError[] {
  if (search === '.') return []
  const name = search.replace(/\.$/, '')
  return [
    ...(Buffer.byteLength(name) > 253 ? [invalid(path, name, 'must be no more than 253 characters')] : []),
    ...(new RegExp(`^${searchForm}$`).test(name) ? [] : [invalid(path, name, searchProblem)]),
  ]
}

export function validateHostAliases({ hostAliases = [] }: PodSpec, parent: string): FieldError[] {
  return hostAliases.flatMap(({ ip = '', hostnames = [] }, index) => {
    const path = `${parent}.hostAliases[${index}]`
    return [
      ...validateIP(ip, `${path}.ip`),
      ...hostnames.flatMap((name, at) => validateSubdomain(name, `${path}.hostnames[${at}]`)),
    ]
  })
}
