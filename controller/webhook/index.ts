// The door of controller/webhook: what the API server asks before it stores one of our objects, and how it is answered.
export { webhookConfigurations, webhookFiles } from './configurations.ts';
export { startWebhookServer, type WebhookServer, type WebhookServerOptions } from './webhook-server.ts';
