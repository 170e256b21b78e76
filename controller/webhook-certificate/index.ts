// The door of controller/webhook-certificate: what the webhook proves itself with, made, stored, trusted and rotated.
export { type KeeperOptions, keepCertificates, servedPair } from './keeper.ts';
export { type CertificatePair, makePair } from './pair.ts';
export { followWebhookObjects, secretIn, type WebhookObjects, type WebhookSources } from './sources.ts';
