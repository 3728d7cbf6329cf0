import { defaultPullPolicy } from './image-reference.ts'
import type { Container, Handler, Probe } from './types.ts'

export function setContainerDefaults(container: Container): void {
  if ((container.imagePullPolicy ?? '') === '') container.imagePullPolicy = defaultPullPolicy(container.image ?? '')
  if ((container.terminationMessagePath ?? '') === '') container.terminationMessagePath = '/dev/termination-log'
  if ((container.terminationMessagePolicy ?? '') === '') container.terminationMessagePolicy = 'File'
  container.resources ??= {}
  for (const port of container.ports ?? []) if ((port.protocol ?? '') === '') port.protocol = 'TCP'
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ??= 'v1'
    if (valueFrom?.resourceFieldRef !== undefined) valueFrom.resourceFieldRef.divisor ??= '0'
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) setProbeDefaults(probe)
  }
  setHandlerDefaults(container.lifecycle?.postStart ?? {})
  setHandlerDefaults(container.lifecycle?.preStop ?? {})
}

/** What is limited and not asked for is asked for as much. Only in Pods: a template leaves it to the Pod. */
export function setRequestsFromLimits(container: Container): void {
  const { limits, requests } = container.resources ?? {}
  if (limits === undefined) return
  container.resources = { ...container.resources, requests: { ...limits, ...requests } }
}

/** On the host's network a container's port is one of the host. */
export function setHostPorts(container: Container): void {
  for (const port of container.ports ?? []) {
    if ((port.hostPort ?? 0) === 0 && port.containerPort !== undefined) port.hostPort = port.containerPort
  }
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  setHandlerDefaults(probe)
}

function setHandlerDefaults({ httpGet, grpc }: Handler): void {
  if (grpc !== undefined) grpc.service ??= ''
  if (httpGet === undefined) return
  if ((httpGet.path ?? '') === '') httpGet.path = '/'
  if ((httpGet.scheme ?? '') === '') httpGet.scheme = 'HTTP'
}
