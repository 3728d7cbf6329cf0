/** Rules for what agents report of a Pod, as pkg/apis/core/validation `ValidatePodStatusUpdate` has them. */
import { duplicate, forbidden, invalid, type FieldError } from '../field-error.ts'
import { familyOf, validateIP } from './addresses.ts'
import type { ContainerStatus, Pod } from './pod.ts'
import { repeated, validateSubdomain } from './values.ts'

export function validatePodStatus(next: Pod, previous: Pod): FieldError[] {
  const { nominatedNodeName = '', podIPs = [], hostIP = '', hostIPs = [] } = next.status ?? {}
  return [
    ...(nominatedNodeName === '' || nominatedNodeName === previous.status?.nominatedNodeName
      ? []
      : validateSubdomain(nominatedNodeName, 'status.nominatedNodeName')),
    ...validateStates('containerStatuses', next, previous),
    ...validateStates('initContainerStatuses', next, previous),
    ...validateIPs(podIPs, 'status.podIPs'),
    ...(hostIPs[0] === undefined || hostIPs[0].ip === hostIP
      ? []
      : [invalid('status.hostIPs[0].ip', hostIPs[0].ip, 'must be equal to `hostIP`')]),
    ...validateIPs(hostIPs, 'status.hostIPs'),
  ]
}

type StatusField = 'containerStatuses' | 'initContainerStatuses'

/** What has ended for good does not run again. */
function validateStates(field: StatusField, next: Pod, previous: Pod): FieldError[] {
  const { restartPolicy } = previous.spec
  if (restartPolicy === 'Always') return []
  const sidecars = (previous.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  const mayRestart = ({ name, state }: ContainerStatus) =>
    sidecars.some((sidecar) => sidecar.name === name) ||
    (restartPolicy === 'OnFailure' && state?.terminated?.exitCode !== 0)
  return (previous.status?.[field] ?? []).flatMap((before, index) => {
    if (before.state?.terminated === undefined || mayRestart(before)) return []
    const now = next.status?.[field]?.find(({ name }) => name === before.name)
    if (now === undefined || now.state?.terminated !== undefined) return []
    return [forbidden(`status.${field}[${index}].state`, 'may not be transitioned to non-terminated state')]
  })
}

function validateIPs(addresses: readonly { ip: string }[], path: string): FieldError[] {
  const ips = addresses.map(({ ip }) => ip)
  const errors = ips.flatMap((ip, index) => validateIP(ip, `${path}[${index}]`))
  if (ips.length < 2) return errors
  const isDualStack = ips.length === 2 && new Set(ips.map(familyOf)).size === 2
  const problem = 'may specify no more than one IP for each IP family'
  return [
    ...errors,
    ...(isDualStack ? [] : [invalid(path, addresses, problem)]),
    ...repeated(ips).map(({ value, index }) => duplicate(`${path}[${index}]`, { ip: value })),
  ]
}
