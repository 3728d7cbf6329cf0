import { FakeNamespaces } from './fake-namespaces.ts'
import { namespacesContract } from './namespaces.contract.ts'

namespacesContract(() => new FakeNamespaces(), 'left', 'right')
