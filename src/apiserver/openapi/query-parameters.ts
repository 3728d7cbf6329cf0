/** The query parameters of the API, and which action takes which. */
export interface QueryParameter {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'integer'
  readonly description: string
}

export type Action = 'list' | 'post' | 'deletecollection' | 'get' | 'put' | 'patch' | 'delete' | 'connect'

const fieldSelector = text('fieldSelector', 'Restricts the objects by their fields; everything by default.')
const labelSelector = text('labelSelector', 'Restricts the objects by their labels; everything by default.')
const limit = integer('limit', 'How many objects to return at most; `continue` of the answer leads to the rest.')
const continueFrom = text('continue', 'The `continue` of the answer that this request goes on from.')
const resourceVersion = text('resourceVersion', 'Which state of the objects the answer may be of.')
const resourceVersionMatch = text('resourceVersionMatch', 'How `resourceVersion` is applied to a list.')
const timeoutSeconds = integer('timeoutSeconds', 'Ends a list or watch after so many seconds.')
const dryRun = text('dryRun', 'With `All`, the request is carried out in all but storing its result.')
const fieldManager = text('fieldManager', 'The name of who makes the change, at most 128 characters.')
const fieldValidation = text(
  'fieldValidation',
  'What happens to unknown and repeated fields: `Ignore` drops them, `Warn` warns of them, `Strict` refuses them.',
)
const gracePeriodSeconds = integer('gracePeriodSeconds', 'How long the object may take to end; 0 removes it at once.')
const propagationPolicy = text('propagationPolicy', 'What dependents undergo: `Orphan`, `Background`, `Foreground`.')

const deletion = [dryRun, gracePeriodSeconds, propagationPolicy]
const write = [dryRun, fieldManager, fieldValidation]

export const queryParameters: Readonly<Record<Action, readonly QueryParameter[]>> = {
  list: [
    flag('allowWatchBookmarks', 'Whether a watch may send BOOKMARK events.'),
    continueFrom,
    fieldSelector,
    labelSelector,
    limit,
    resourceVersion,
    resourceVersionMatch,
    flag('sendInitialEvents', 'Whether a watch begins with the objects that there are.'),
    timeoutSeconds,
    flag('watch', 'Whether to go on with changes as they happen, instead of a list.'),
  ],
  post: write,
  put: write,
  patch: [...write, flag('force', 'Whether an apply takes over fields that others own.')],
  delete: deletion,
  deletecollection: [...deletion, continueFrom, fieldSelector, labelSelector, limit, resourceVersion, timeoutSeconds],
  get: [],
  connect: [],
}

/** Taken by every path. */
export const pretty = text('pretty', "If 'true', the answer is indented.")

function text(name: string, description: string): QueryParameter {
  return { name, type: 'string', description }
}

function integer(name: string, description: string): QueryParameter {
  return { name, type: 'integer', description }
}

function flag(name: string, description: string): QueryParameter {
  return { name, type: 'boolean', description }
}
