import { kubia, type Section } from '../step.ts'

export const troubleshooting: Section = {
  number: '5.7',
  title: 'When it does not work',
  prepare: kubia,
  steps: [
    {
      before: 'Break it: a selector with a slip of the finger.',
      command: `kubectl -n tour patch service kubia -p '{"spec":{"selector":{"app":"kubai"}}}'`,
      expects: /service\/kubia patched/,
      after: 'That was accepted: a selector may match nothing.',
    },
    {
      before: 'The chapter has a checklist: ready, endpoints, DNS, port, the pod’s own address. The doctor walks it.',
      command: './portolan doctor service/kubia -n tour',
      expects: /SelectorMatchesNoPods/,
      exitCode: 1,
      takesTime: true,
      after: 'It names the cause, what it saw, and the command that puts it right.',
    },
    {
      before: 'Put it right.',
      command: `kubectl -n tour patch service kubia -p '{"spec":{"selector":{"app":"kubia"}}}'`,
      expects: /service\/kubia patched/,
      after: 'The pods that are ready are endpoints again.',
    },
    {
      before: 'And ask the doctor again.',
      command: './portolan doctor service/kubia -n tour',
      expects: /✔ connected to [\d.]+:80 [^]*healthy/,
      takesTime: true,
      after: 'Every ✔ is something that it really tried: a connection from a pod, from each node, a question to DNS.',
    },
  ],
}
