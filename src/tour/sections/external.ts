import { kubia, type Section } from '../step.ts'

export const external: Section = {
  number: '5.2',
  title: 'Endpoints, and Services outside of the cluster',
  prepare: kubia,
  steps: [
    {
      before: 'Between a Service and its pods there is a list: its endpoints.',
      command: 'kubectl -n tour describe service kubia',
      expects: /Endpoints: +[\d.]+:8080,[\d.]+:8080,[\d.]+:8080/,
      takesTime: true,
      after: 'The selector is only used to make this list. The nodes follow the list, not the selector.',
    },
    {
      before: 'Without a selector nobody makes the list. This Service is for something outside of the cluster.',
      command: 'kubectl -n tour create -f examples/external-service.yaml',
      expects: /service\/external-service created/,
      after: 'It has an address, and nobody behind it: who connects is refused at once.',
    },
    {
      before: 'So write the list by hand, in an Endpoints object of the same name.',
      command: 'kubectl -n tour create -f examples/external-service-endpoints.yaml',
      expects: /endpoints\/external-service created/,
      after: 'Connections to external-service go to 11.11.11.11 and 22.22.22.22 now. When the thing moves, or moves in, only this list changes.',
    },
    {
      before: 'If the other side has a name, that is enough. Take the Service away to use its name for another kind.',
      command: 'kubectl -n tour delete service external-service',
      expects: /service "external-service" deleted/,
      after: 'Its endpoints went with it.',
    },
    {
      before: 'An ExternalName has neither address nor endpoints.',
      command: 'kubectl -n tour create -f examples/external-service-externalname.yaml && kubectl -n tour get service external-service',
      expects: /external-service +ExternalName +<none> +api\.somecompany\.com/,
      after: 'Cluster DNS answers with another name, api.somecompany.com, and the client goes on from there.',
    },
  ],
}
