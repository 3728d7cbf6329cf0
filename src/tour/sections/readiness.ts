import { kubia, type Section } from '../step.ts'

export const readiness: Section = {
  number: '5.5',
  title: 'Readiness',
  prepare: kubia,
  steps: [
    {
      before: 'A pod that has just started may not be able to serve yet. Make room for pods that say when they are.',
      command: 'kubectl -n tour delete rc kubia',
      expects: /replicationcontroller "kubia" deleted/,
      after: 'Its pods left the Service first, and ended then: no request was sent to one that was closing.',
    },
    {
      before: 'These have a readiness probe: they are ready as long as ls finds /var/ready.',
      command: 'kubectl -n tour create -f examples/kubia-rc-readinessprobe.yaml',
      expects: /replicationcontroller\/kubia created/,
      after: 'The file is not there.',
    },
    {
      before: 'Look at them.',
      command: 'kubectl -n tour get pods -l app=kubia',
      expects: /^NAME.*\n(kubia-\w+ +0\/1 +Running +0 +\S+\n){3}$/,
      takesTime: true,
      after: 'They run, and are not ready: 0/1. So the Service has no endpoints, and refuses its clients.',
    },
    {
      before: 'Make one ready.',
      command: 'kubectl -n tour exec rc/kubia -- touch /var/ready',
      expects: /^$/,
      takesTime: true,
      after: 'The probe runs every ten seconds.',
    },
    {
      before: 'Wait for the probe.',
      command: 'kubectl -n tour get pods -l app=kubia',
      expects: /kubia-\w+ +1\/1 +Running +0 /,
      takesTime: true,
      after: 'One is 1/1, and an endpoint. A probe that fails later takes it out again, and restarts nothing: that is the business of liveness probes.',
    },
  ],
}
