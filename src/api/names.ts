/**
 * Which strings may be names, keys and values. Each check returns the problems of a string, worded as
 * k8s.io/apimachinery/pkg/util/validation of Kubernetes 1.36 words them; no problems is an empty list.
 */
import type { NameRule } from './kind.ts'

const dns1123Label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`
const labelName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const outerAlphanumeric = 'and must start and end with an alphanumeric character'

const subdomainForm = form(
  dns1123Subdomain,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${outerAlphanumeric}`,
  ['example.com'],
)
const labelForm = form(
  dns1123Label,
  `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${outerAlphanumeric}`,
  ['my-name', '123-abc'],
)
const label1035Form = form(
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
    'and end with an alphanumeric character',
  ['my-name', 'abc-123'],
)
const wildcardForm = form(
  `\\*\\.${dns1123Subdomain}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of " +
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ['*.example.com'],
)
const labelNameForm = form(
  labelName,
  `must consist of alphanumeric characters, '-', '_' or '.', ${outerAlphanumeric}`,
  ['MyName', 'my.name', '123-abc'],
)
const labelValueForm = form(
  `(${labelName})?`,
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${outerAlphanumeric}`,
  ['MyValue', 'my_value', '12345'],
)
const cIdentifierForm = form(
  '[A-Za-z_][A-Za-z0-9_]*',
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric " +
    "characters or '_'",
  ['my_name', 'MY_NAME', 'MyName'],
)
const configMapKeyForm = form(
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ['key.name', 'KEY_NAME', 'key-name'],
)
const headerForm = form('[-A-Za-z0-9]+', "a valid HTTP header must consist of alphanumeric characters or '-'", [
  'X-Header-Name',
])
const percentForm = form('[0-9]+%', "a valid percent string must be a numeric string followed by an ending '%'", [
  '1%',
  '93%',
])

/** RFC 1123 subdomain: the name of most objects. */
export function isDNS1123Subdomain(value: string): string[] {
  return [...longerThan(253, value, 'characters'), ...misfit(subdomainForm, value)]
}

/** RFC 1123 label: namespaces, containers, volumes, ports of Services. */
export function isDNS1123Label(value: string): string[] {
  const tooLong = longerThan(63, value, 'characters')
  if (labelForm.pattern.test(value)) return tooLong
  const onlyDotsWrong = subdomainForm.pattern.test(value)
  return [...tooLong, onlyDotsWrong ? 'must not contain dots' : labelForm.problem]
}

/** RFC 1035 label: names of Services. */
export function isDNS1035Label(value: string): string[] {
  return [...longerThan(63, value, 'characters'), ...misfit(label1035Form, value)]
}

/** `*.example.com`: hosts of Ingress rules. */
export function isWildcardDNS1123Subdomain(value: string): string[] {
  return [...longerThan(253, value, 'characters'), ...misfit(wildcardForm, value)]
}

/** `[prefix/]name`: keys of labels and annotations, finalizers, condition types. */
export function isQualifiedName(value: string): string[] {
  const [first = '', second, ...more] = value.split('/')
  if (more.length > 0) {
    const prefixHint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    return [`a valid label key ${labelNameForm.problem} ${prefixHint}`]
  }
  const prefix = second === undefined ? undefined : first
  return [...prefixProblems(prefix), ...labelNameProblems(second ?? first)]
}

export function isLabelValue(value: string): string[] {
  return [...longerThan(63, value, 'bytes'), ...misfit(labelValueForm, value)]
}

/** Whether the name can stand in a URL path; neither emptiness nor length is looked at. */
export function isPathSegmentName(value: string): string[] {
  return value === '.' || value === '..' ? [`may not be '${value}'`] : isPathSegmentPrefix(value)
}

/** The same for a prefix that will have something appended to it. */
export function isPathSegmentPrefix(value: string): string[] {
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`)
}

/** IANA service name: names of container ports, and named target ports. */
export function isPortName(value: string): string[] {
  const rules: [boolean, string][] = [
    [byteLength(value) <= 15, 'must be no more than 15 characters'],
    [/^[-a-z0-9]+$/.test(value), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
    [/[a-z]/.test(value), 'must contain at least one letter (a-z)'],
    [!value.includes('--'), 'must not contain consecutive hyphens'],
    [!value.startsWith('-') && !value.endsWith('-'), 'must not begin or end with a hyphen'],
  ]
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem)
}

export function isPortNumber(value: number): string[] {
  return isInRange(value, 1, 65535)
}

export function isInRange(value: number, min: number, max: number): string[] {
  return value >= min && value <= max ? [] : [`must be between ${min} and ${max}, inclusive`]
}

/** Any printable ASCII but '=': the rule since environment variable names were relaxed in 1.34. */
export function isEnvVarName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  const relaxed = "a valid environment variable name must consist only of printable ASCII characters other than '='"
  return /^[ -<>-~]+$/.test(value) ? [] : [relaxed]
}

export function isCIdentifier(value: string): string[] {
  return misfit(cIdentifierForm, value)
}

/** Keys of ConfigMaps and Secrets. */
export function isConfigMapKey(value: string): string[] {
  return [
    ...longerThan(253, value, 'characters'),
    ...misfit(configMapKeyForm, value),
    ...parentFolderProblems(value),
  ]
}

export function isHTTPHeaderName(value: string): string[] {
  return misfit(headerForm, value)
}

/** `25%`, as in `maxSurge`. */
export function isPercent(value: string): string[] {
  return misfit(percentForm, value)
}

/** Problems of an object's name under its kind's rule. */
export function nameProblems(rule: NameRule, name: string): string[] {
  switch (rule) {
    case 'dns-subdomain':
      return isDNS1123Subdomain(name)
    case 'dns-label':
      return isDNS1123Label(name)
    case 'dns-1035-label':
      return isDNS1035Label(name)
    case 'path-segment':
      return isPathSegmentName(name)
    default:
      return rule satisfies never
  }
}

/** Problems of a `generateName`: as of a name, but it may end in a hyphen, since something will follow it. */
export function namePrefixProblems(rule: NameRule, prefix: string): string[] {
  if (rule === 'path-segment') return isPathSegmentPrefix(prefix)
  const masked = prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix
  return nameProblems(rule, masked)
}

interface Form {
  readonly pattern: RegExp
  readonly problem: string
}

function form(source: string, message: string, examples: readonly string[]): Form {
  const quoted = examples.map((example) => `'${example}', `).join(' or ')
  return {
    pattern: new RegExp(`^${source}$`),
    problem: `${message} (e.g. ${quoted}regex used for validation is '${source}')`,
  }
}

function misfit({ pattern, problem }: Form, value: string): string[] {
  return pattern.test(value) ? [] : [problem]
}

function prefixProblems(prefix: string | undefined): string[] {
  if (prefix === undefined) return []
  return prefix === '' ? ['prefix part must be non-empty'] : isDNS1123Prefix(prefix)
}

/** Upstream words the length of a key's prefix in bytes and that of a name in characters. */
function isDNS1123Prefix(prefix: string): string[] {
  const problems = [...longerThan(253, prefix, 'bytes'), ...misfit(subdomainForm, prefix)]
  return problems.map((problem) => `prefix part ${problem}`)
}

function labelNameProblems(name: string): string[] {
  const length = name === '' ? ['must be non-empty'] : longerThan(63, name, 'bytes')
  return [...length, ...misfit(labelNameForm, name)].map((problem) => `name part ${problem}`)
}

function parentFolderProblems(value: string): string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}

function longerThan(max: number, value: string, unit: 'bytes' | 'characters'): string[] {
  return byteLength(value) > max ? [`must be no more than ${max} ${unit}`] : []
}

function byteLength(value: string): number {
  return Buffer.byteLength(value)
}
