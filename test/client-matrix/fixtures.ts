/** What every kubectl of the matrix finds in its namespace. */
export const fixtures = `
apiVersion: v1
kind: ReplicationController
metadata:
  name: kubia
  labels: {app: kubia}
spec:
  replicas: 2
  selector: {app: kubia}
  template:
    metadata:
      labels: {app: kubia}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: kubia, image: luksa/kubia, ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: kubia}
spec:
  selector: {app: kubia}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {tier: front}}
data: {colour: blue, text: "first\\nsecond\\n"}
---
apiVersion: v1
kind: Pod
metadata: {name: talker, labels: {app: talker}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: busybox, command: [sh, -c, 'echo first; echo second; while sleep 0.3; do echo tick; done']}
  - {name: twice, image: busybox, command: [sh, -c, 'echo run of $HOSTNAME; test -e /state/again && exec sleep 3600; touch /state/again; exit 1'], volumeMounts: [{name: state, mountPath: /state}]}
  volumes: [{name: state, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: nowhere, labels: {app: nowhere}}
spec:
  nodeSelector: {no: where}
  containers: [{name: main, image: busybox}]
---
apiVersion: v1
kind: Pod
metadata: {name: imageless, labels: {app: imageless}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: registry.invalid/no/such:1, imagePullPolicy: Never}]
`
