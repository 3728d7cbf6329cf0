import { FakeCgroups } from '../kernel/fake-cgroups.ts'
import { FakeNamespaces } from '../kernel/fake-namespaces.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import type { CliContext } from './context.ts'

function elsewhere(what: string): () => never {
  return () => {
    throw new Error(`${what} was run`)
  }
}

/** A command line on a machine on which nothing runs; what a test does not give must not be run. */
export function testContext(given: Partial<CliContext>): CliContext {
  return {
    environment: {},
    projectFolder: '/project',
    processes: new FakeProcesses(),
    namespaces: new FakeNamespaces(),
    cgroups: new FakeCgroups(),
    mounts: { unmountBelow: async () => {} },
    removeRuntimeLeftovers: async () => {},
    program: () => ['false'],
    images: { build: async () => {}, load: async () => [], list: async () => [] },
    agent: { join: elsewhere('the agent'), run: elsewhere('the agent'), cleanUp: elsewhere('the agent') },
    doctor: { readIngresses: elsewhere('the doctor'), schema: elsewhere('the doctor'), standardInput: elsewhere('the doctor') },
    proxy: { connect: elsewhere('the proxy'), run: elsewhere('the proxy'), removeRules: elsewhere('the proxy') },
    loadBalancer: { connect: elsewhere('the load balancer'), run: elsewhere('the load balancer'), removeRules: elsewhere('the load balancer') },
    ingress: { connect: elsewhere('the ingress'), run: elsewhere('the ingress') },
    dns: { connect: elsewhere('DNS'), run: elsewhere('DNS') },
    watchRequest: elsewhere('HAProxy'),
    say: () => {},
    print: () => {},
    ...given,
  }
}
