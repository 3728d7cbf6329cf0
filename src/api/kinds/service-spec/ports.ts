import { duplicate, forbidden, invalid, required, type FieldError } from '../../field-error.ts'
import {
  repeated,
  validateLabel,
  validatePortNumber,
  validatePortNumberOrName,
  validateProtocol,
  validateQualifiedName,
} from '../values.ts'
import { isExternalName, isHeadless, isLoadBalancer, type Port, type Spec } from './types.ts'

/** A Service has ports, unless DNS alone answers for it. */
export function validatePortsGiven(spec: Spec): FieldError[] {
  const mayHaveNone = isHeadless(spec) || isExternalName(spec)
  return (spec.ports ?? []).length === 0 && !mayHaveNone ? [required('spec.ports')] : []
}

export function validatePorts({ ports = [] }: Spec): FieldError[] {
  const seen = new Set<string>()
  return ports.flatMap((port, index) => {
    const path = portPath(index)
    const name = port.name ?? ''
    const isRepeated = name !== '' && seen.has(name)
    seen.add(name)
    return [
      ...validateName(name, `${path}.name`, ports.length > 1),
      ...(isRepeated ? [duplicate(`${path}.name`, name)] : []),
      ...validatePort(port, path),
    ]
  })
}

/** Rules that look at several ports, or at ports and the type, after every port for itself. */
export function validatePortsTogether(spec: Spec): FieldError[] {
  return [...validateNoNodePorts(spec), ...validateNodePortsDiffer(spec), ...validatePortsDiffer(spec)]
}

/** The port of the kubelet must not be opened on load balancers, which would let the world in. */
export function validateKubeletPort(spec: Spec): FieldError[] {
  if (!isLoadBalancer(spec)) return []
  const problem = `may not expose port ${kubeletPort} externally since it is used by kubelet`
  return (spec.ports ?? []).flatMap(({ port }, index) =>
    port === kubeletPort ? [invalid(portPath(index), port, problem)] : [],
  )
}

const kubeletPort = 10250

function validateName(name: string, path: string, needsName: boolean): FieldError[] {
  if (name === '') return needsName ? [required(path)] : []
  return validateLabel(name, path)
}

function validatePort(port: Port, path: string): FieldError[] {
  return [
    ...validatePortNumber(port.port, `${path}.port`),
    ...validateProtocol(port.protocol, `${path}.protocol`),
    ...validatePortNumberOrName(port.targetPort, `${path}.targetPort`),
    ...(port.appProtocol === undefined ? [] : validateQualifiedName(port.appProtocol, `${path}.appProtocol`)),
  ]
}

function validateNoNodePorts({ type, ports = [] }: Spec): FieldError[] {
  if (type !== 'ClusterIP') return []
  return ports.flatMap(({ nodePort = 0 }, index) =>
    nodePort === 0 ? [] : [forbidden(`${portPath(index)}.nodePort`, "may not be used when `type` is 'ClusterIP'")],
  )
}

function validateNodePortsDiffer({ ports = [] }: Spec): FieldError[] {
  const used = new Set<string>()
  return ports.flatMap(({ nodePort = 0, protocol = '' }, index) => {
    const key = `${protocol}/${nodePort}`
    if (nodePort !== 0 && used.has(key)) return [duplicate(`${portPath(index)}.nodePort`, nodePort)]
    used.add(key)
    return []
  })
}

function validatePortsDiffer({ ports = [] }: Spec): FieldError[] {
  const keys = ports.map(({ port = 0, protocol = '' }) => JSON.stringify({ protocol, port }))
  return repeated(keys).map(({ value, index }) => duplicate(portPath(index), JSON.parse(value)))
}

function portPath(index: number): string {
  return `spec.ports[${index}]`
}
