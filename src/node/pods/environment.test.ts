import { expect, test } from 'vitest'
import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { environmentOf } from './environment.ts'
import { apiSources } from './sources.ts'
import type { ContainerSpec } from './spec.ts'
import { testPod } from './test-pods.ts'

const client = new MemoryClient()
client.seed(ConfigMaps, { metadata: { namespace: 'default', name: 'settings' }, data: { mode: 'fast', 'with-dash': 'yes', level: '3' } })
client.seed(ConfigMaps, {
  metadata: { namespace: 'default', name: 'more' },
  data: { mode: 'slow' },
  binaryData: { bytes: 'AP8=' },
})
client.seed(Secrets, { metadata: { namespace: 'default', name: 'keys' }, data: { token: Buffer.from('s3cret').toString('base64') } })

const facts = {
  hostIP: '192.168.99.11',
  podIP: '10.108.1.7',
  allocatable: { cpu: 2, memory: 8 * 2 ** 30, 'ephemeral-storage': 2 ** 36 },
}

const metadata = { labels: { app: 'kubia' }, annotations: { 'a/b': 'c' } }

async function variables(spec: Partial<ContainerSpec>): Promise<Record<string, string>> {
  const container: ContainerSpec = { name: 'app', image: 'kubia', ...spec }
  const pod = testPod({ metadata, spec: { containers: [container], serviceAccountName: 'robot' } })
  const result = await environmentOf({ pod, spec: container, services: [], sources: apiSources(client), facts })
  return Object.fromEntries(result)
}

for (const { name, spec, gives } of [
  {
    name: 'references to earlier variables are expanded, $$ stands for $, unknown ones stay',
    spec: { env: [{ name: 'A', value: 'x' }, { name: 'B', value: '$(A)/$$(A)/$(NONE)' }] },
    gives: { A: 'x', B: 'x/$(A)/$(NONE)' },
  },
  {
    name: 'fields of the pod',
    spec: {
      env: [
        field('NAME', 'metadata.name'),
        field('NAMESPACE', 'metadata.namespace'),
        field('UID_', 'metadata.uid'),
        field('APP', "metadata.labels['app']"),
        field('NOTE', "metadata.annotations['a/b']"),
        field('NODE', 'spec.nodeName'),
        field('ACCOUNT', 'spec.serviceAccountName'),
        field('POD_IP', 'status.podIP'),
        field('HOST_IP', 'status.hostIP'),
        field('POD_IPS', 'status.podIPs'),
        field('HOST_IPS', 'status.hostIPs'),
        field('NO_LABEL', "metadata.labels['none']"),
      ],
    },
    gives: {
      NAME: 'web',
      NAMESPACE: 'default',
      UID_: 'uid-1',
      APP: 'kubia',
      NOTE: 'c',
      NODE: 'node-1',
      ACCOUNT: 'robot',
      POD_IP: '10.108.1.7',
      HOST_IP: '192.168.99.11',
      POD_IPS: '10.108.1.7',
      HOST_IPS: '192.168.99.11',
      NO_LABEL: '',
    },
  },
  {
    name: 'resources, in units of the divisor, rounded up; the node’s where there is no limit',
    spec: {
      resources: { limits: { cpu: '1500m' }, requests: { memory: '100Mi' } },
      env: [
        resource('CPU', 'limits.cpu'),
        resource('CPU_MILLI', 'limits.cpu', '1m'),
        resource('ASKED', 'requests.memory', '1Mi'),
        resource('MEMORY', 'limits.memory', '1Gi'),
        resource('DISK', 'limits.ephemeral-storage', '1Gi'),
        resource('CPU_ASKED', 'requests.cpu', '1m'),
        resource('DISK_ASKED', 'requests.ephemeral-storage'),
      ],
    },
    gives: {
      CPU: '2',
      CPU_MILLI: '1500',
      ASKED: '100',
      MEMORY: '8',
      DISK: '64',
      CPU_ASKED: '1500',
      DISK_ASKED: '0',
    },
  },
  {
    name: 'fractions of a processor are exact',
    spec: { resources: { limits: { cpu: '1100m' } }, env: [resource('CPU_MILLI', 'limits.cpu', '1m')] },
    gives: { CPU_MILLI: '1100' },
  },
  {
    name: 'keys of config maps and secrets; optional ones may be missing',
    spec: {
      env: [
        { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
        { name: 'NO_KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'none', optional: true } } },
        { name: 'NO_MAP', valueFrom: { configMapKeyRef: { name: 'none', key: 'none', optional: true } } },
      ],
    },
    gives: { MODE: 'fast', TOKEN: 's3cret' },
  },
  {
    name: 'whole config maps and secrets, with a prefix; env goes before envFrom',
    spec: {
      envFrom: [{ prefix: 'S_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }],
      env: [{ name: 'S_mode', value: 'slow' }],
    },
    gives: { S_mode: 'slow', 'S_with-dash': 'yes', S_level: '3', token: 's3cret' },
  },
  {
    name: 'of escapes and what is no reference nothing is lost',
    spec: { env: [{ name: 'A', value: 'x' }, { name: 'B', value: '$$$(A) $ $A $( $() $$(A $(A)$(A)' }] },
    gives: { A: 'x', B: '$x $ $A $( $() $(A xx' },
  },
  {
    name: 'references to later variables stay, and those to earlier values of a name count',
    spec: { env: [{ name: 'A', value: '$(B)' }, { name: 'B', value: '1' }, { name: 'B', value: '$(B)2' }] },
    gives: { A: '$(B)', B: '12' },
  },
  {
    name: 'references lead to envFrom, too',
    spec: { envFrom: [{ secretRef: { name: 'keys' } }], env: [{ name: 'A', value: '<$(token)>' }] },
    gives: { token: 's3cret', A: '<s3cret>' },
  },
  {
    name: 'of several sources the last counts, and optional ones may be missing',
    spec: {
      envFrom: [
        { configMapRef: { name: 'settings' } },
        { configMapRef: { name: 'more' } },
        { secretRef: { name: 'none', optional: true } },
      ],
    },
    gives: { mode: 'slow', 'with-dash': 'yes', level: '3' },
  },
]) {
  test(name, async () => {
    expect(await variables(spec)).toEqual(gives)
  })
}

for (const { name, spec, says } of [
  { name: 'a missing config map', spec: { envFrom: [{ configMapRef: { name: 'none' } }] }, says: 'configmap "none" not found' },
  { name: 'a missing secret', spec: { envFrom: [{ secretRef: { name: 'none' } }] }, says: 'secret "none" not found' },
  {
    name: 'a missing key of a config map',
    spec: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none' } } }] },
    says: "couldn't find key none in ConfigMap default/settings",
  },
  {
    name: 'a missing key of a secret',
    spec: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'none' } } }] },
    says: "couldn't find key none in Secret default/keys",
  },
  {
    name: 'a key that holds bytes',
    spec: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'more', key: 'bytes' } } }] },
    says: "couldn't find key bytes in ConfigMap default/more",
  },
  { name: 'an unknown field', spec: { env: [field('A', 'spec.nothing')] }, says: 'unsupported fieldPath: spec.nothing' },
]) {
  test(`${name} keeps the container from starting`, async () => {
    await expect(variables(spec)).rejects.toMatchObject({ reason: 'CreateContainerConfigError', message: says })
  })
}

function field(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { fieldPath } } }
}

function resource(name: string, ref: string, divisor?: string) {
  return { name, valueFrom: { resourceFieldRef: { resource: ref, ...(divisor === undefined ? {} : { divisor }) } } }
}
