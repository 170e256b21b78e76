// The webhook as the API server is told of it: two configurations and the Service in front of the replicas. deploy/webhook is
// written from here. The controller itself keeps caBundle, which is why none is written.
import { stringify } from 'yaml';
import { SERVICE_ACCOUNT, WEBHOOK_CONFIGURATION } from '../rbac/index.ts';
import { RESOURCES } from '../resources/index.ts';
import { PATHS } from './webhook-server.ts';

/** The Service, in the namespace of the controller. */
export const WEBHOOK_SERVICE = 'karpenter-webhook';

/** The port that replicas listen on unless they are told otherwise. */
const PORT = 8443;
const LABELS = { 'app.kubernetes.io/name': 'karpenter' } as const;

/** The API server waits for so long and goes on without an answer: effectiveSpec() says later what was meant. */
const TIMEOUT_SECONDS = 2;

const { name: account, namespace } = SERVICE_ACCOUNT;

/** Objects of specs only: nobody asks about /status or /scale. */
const RULES = [...new Set(RESOURCES.map(({ group }) => group))].map((group) => ({
  apiGroups: [group],
  apiVersions: [...new Set(RESOURCES.filter((one) => one.group === group).map(({ version }) => version))],
  operations: ['CREATE', 'UPDATE'],
  resources: RESOURCES.filter((one) => one.group === group).map(({ plural }) => plural),
  scope: 'Cluster',
}));

const MATCH_CONDITIONS = [
  // What the controller writes needs no filling in, and must not wait for itself.
  {
    name: 'not-by-the-controller',
    expression: `request.userInfo.username != 'system:serviceaccount:${namespace}:${account}'`,
  },
  // Somebody takes finalizers away: nothing may be in their way.
  { name: 'not-while-it-is-deleted', expression: '!has(object.metadata.deletionTimestamp)' },
];

function configuration(kind: string, webhookName: string, path: string, more: object = {}): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: WEBHOOK_CONFIGURATION, labels: LABELS },
    webhooks: [
      {
        name: webhookName,
        admissionReviewVersions: ['v1'],
        clientConfig: { service: { namespace, name: WEBHOOK_SERVICE, port: 443, path } },
        rules: RULES,
        matchConditions: MATCH_CONDITIONS,
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        timeoutSeconds: TIMEOUT_SECONDS,
        ...more,
      },
    ],
  };
}

/** The configurations as objects, the mutating one first. */
export function webhookConfigurations(): object[] {
  return [
    configuration('MutatingWebhookConfiguration', 'defaulting.webhook.karpenter.sh', PATHS.fillIn, {
      reinvocationPolicy: 'Never',
    }),
    configuration('ValidatingWebhookConfiguration', 'validation.webhook.karpenter.sh', PATHS.check),
  ];
}

function service(): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: WEBHOOK_SERVICE, namespace, labels: LABELS },
    spec: { selector: LABELS, ports: [{ name: 'webhook', port: 443, targetPort: PORT }] },
  };
}

const HEADER = '# Written by "npm run webhook" from controller/webhook; never edited.\n';

/** Content by file name, ready for kubectl apply. */
export function webhookFiles(): Map<string, string> {
  const yaml = (object: object): string => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
  return new Map([
    ['service.yaml', HEADER + yaml(service())],
    ['configurations.yaml', HEADER + webhookConfigurations().map(yaml).join('---\n')],
  ]);
}
